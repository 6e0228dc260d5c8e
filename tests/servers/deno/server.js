const tls = { cert: Deno.readTextFileSync('certificate.pem'), key: Deno.readTextFileSync('key.pem') };
for (const [port, options] of [[80, {}], [443, tls]]) {
  const server = Deno.serve({ port, hostname: '::', ...options }, () => new Response(`listener ${server.addr.port}\n`));
}
