package org.dbtrelay.dbtcloud.connection;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A forward proxy on loopback that only makes tunnels (CONNECT), and only for one name and password. */
public final class TunnelProxy implements AutoCloseable {

    private final ServerSocket listening;
    private final String authorization;
    private final List<String> heads = new CopyOnWriteArrayList<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    /** Listens from now on. */
    public TunnelProxy(String user, String password) throws IOException {
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.authorization =
                "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        Thread.startVirtualThread(this::accept);
    }

    /** As {@code relay.connections.*.proxy} has it. */
    public String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    /** What stood in front of each tunnel, or of what was refused: request line and headers. */
    public List<String> heads() {
        return heads;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                open.add(client);
                Thread.startVirtualThread(() -> serve(client));
            }
        } catch (IOException e) {
            // Closed: the test is over.
        }
    }

    private void serve(Socket client) {
        try (client) {
            String head = head(client.getInputStream());
            heads.add(head);
            boolean known = head.lines()
                    .anyMatch(line -> line.regionMatches(true, 0, "proxy-authorization: ", 0, 21)
                            && line.substring(21).equals(authorization));
            if (!head.startsWith("CONNECT ") || !known) {
                answer(client, "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"");
                return;
            }
            String[] target = head.split(" ", 3)[1].split(":", 2);
            try (Socket server = new Socket(target[0], Integer.parseInt(target[1]))) {
                open.add(server);
                answer(client, "200 Connection established");
                Thread back = Thread.startVirtualThread(() -> copy(server, client));
                copy(client, server);
                back.join();
            }
        } catch (IOException e) {
            // One side has gone away.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("broken off");
            }
            head.append((char) next);
        }
        return head.toString();
    }

    private static void answer(Socket client, String status) throws IOException {
        OutputStream out = client.getOutputStream();
        out.write(("HTTP/1.1 " + status + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private static void copy(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException e) {
            // One side has gone away.
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
