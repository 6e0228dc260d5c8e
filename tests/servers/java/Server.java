import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.FileInputStream;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

class Server {
    static void serve(HttpServer server) {
        server.createContext("/", exchange -> {
            int connection = exchange.getLocalAddress().getPort();
            byte[] page = "listener %d, connection %d\n".formatted(server.getAddress().getPort(), connection).getBytes();
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        server.start();
    }

    static SSLContext tls() throws Exception {
        char[] password = "secret".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new FileInputStream("key.p12"), password);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    public static void main(String[] arguments) throws Exception {
        HttpsServer secure = HttpsServer.create(new InetSocketAddress(443), 0);
        secure.setHttpsConfigurator(new HttpsConfigurator(tls()));
        serve(HttpServer.create(new InetSocketAddress(80), 0));
        serve(secure);
    }
}
