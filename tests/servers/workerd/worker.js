addEventListener('fetch', (event) => event.respondWith(new Response('hello from workerd\n')));
