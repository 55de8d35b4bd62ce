// Parsers for requests that the server does not read itself.

export async function form(ctx) {
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

export function bearer(ctx) {
  return ctx.get('authorization').match(/^Bearer (.+)$/)?.[1];
}
