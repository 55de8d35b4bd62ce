// The installed packages. They are outside these sources, where `import` by name does not find them.
const installed = new URL('../../../target/servers/oidc_provider/node_modules/', import.meta.url);
const load = (path) => import(new URL(`oidc-provider/lib/${path}`, installed));

// Debian's Node works, but is older than the versions that the package supports, so it would warn each time.
const { warn } = console;
console.warn = () => {};
export const { Provider, errors } = await load('index.js');
export const { createMemoryAdapter } = await load('adapters/memory_adapter.js');
console.warn = warn;
