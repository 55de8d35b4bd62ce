// What npm installed. It lies outside of these sources, where `import` by name does not look.
const installed = new URL('../../../target/servers/oidc_provider/node_modules/', import.meta.url);
const load = (path) => import(new URL(`oidc-provider/lib/${path}`, installed));

// Debian's Node works, and is older than what the package calls supported: it would say so each time.
const { warn } = console;
console.warn = () => {};
export const { Provider, errors } = await load('index.js');
export const { createMemoryAdapter } = await load('adapters/memory_adapter.js');
console.warn = warn;
