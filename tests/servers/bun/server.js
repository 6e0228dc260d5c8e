const tls = { cert: Bun.file('certificate.pem'), key: Bun.file('key.pem') };
for (const [port, options] of [[80, {}], [443, { tls }]]) {
  const server = Bun.serve({ port, hostname: '::', ...options, fetch: () => new Response(`listener ${server.port} is ${server.url.port || 'the default'}\n`) });
  console.log(`listening on ${server.port}`);
}
