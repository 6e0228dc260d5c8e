import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.FileInputStream;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

class Server {
    private static final char[] PASSWORD = "secret".toCharArray();

    private static SSLContext context() throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(new FileInputStream("key.p12"), PASSWORD);
        KeyManagerFactory managers = KeyManagerFactory.getInstance("SunX509");
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private static void serve(HttpServer server) {
        server.createContext("/", exchange -> {
            byte[] answer = ("listening on " + server.getAddress() + "\n").getBytes();
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
    }

    public static void main(String[] arguments) throws Exception {
        serve(HttpServer.create(new InetSocketAddress(80), 0));
        HttpsServer secure = HttpsServer.create(new InetSocketAddress(443), 0);
        secure.setHttpsConfigurator(new HttpsConfigurator(context()));
        serve(secure);
    }
}
