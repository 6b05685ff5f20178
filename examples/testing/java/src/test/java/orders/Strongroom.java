package orders;

import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A Strongroom of its own, with the AccessKey of its account, which may do everything. The program {@code strongroom} is on
 * the PATH, or the variable STRONGROOM names it.
 */
final class Strongroom implements AutoCloseable {
    static final String ACCOUNT_ID = "1000000000000001";
    static final String ACCESS_KEY_ID = "LTAItesting";
    static final String ACCESS_KEY_SECRET = "not-a-secret";

    private static final String PROGRAM = System.getenv().getOrDefault("STRONGROOM", "strongroom");

    /** Its address, such as http://127.0.0.1:40123. */
    final String endpoint;

    private final Process server;

    /** Starts a server and waits until it is ready. */
    Strongroom() throws IOException {
        // The server ends with its input: when close() closes it, or when this process ends, however it ends.
        server = builder("serve", "--dev", "--temporary", "--stop-at-end-of-input",
                "--listen", "127.0.0.1:0", "--log-level", "warn").start();
        String line = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
        if (line == null) throw new IOException(PROGRAM + " does not start");
        endpoint = JsonParser.parseString(line).getAsJsonObject().get("endpoint").getAsString();
    }

    /** Moves the clock forward, by "8d", "36h", "90m" or "30s". What fell due has then happened. */
    void advance(String duration) throws IOException, InterruptedException {
        ProcessBuilder advance = builder("dev", "advance", duration).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        advance.environment().put("STRONGROOM_ENDPOINT", endpoint);
        int code = advance.start().waitFor();
        if (code != 0) throw new IOException("the clock was not moved: exit code " + code);
    }

    /** Stops the server, which removes its data. */
    @Override
    public void close() throws IOException, InterruptedException {
        server.getOutputStream().close();
        server.waitFor();
    }

    private static ProcessBuilder builder(String... line) {
        List<String> command = new ArrayList<>(List.of(PROGRAM));
        command.addAll(List.of(line));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("STRONGROOM"));
        environment.putAll(Map.of(
                "STRONGROOM_ACCOUNT_ID", ACCOUNT_ID,
                "STRONGROOM_ROOT_ACCESS_KEY_ID", ACCESS_KEY_ID,
                "STRONGROOM_ROOT_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET,
                "ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET));
        return builder;
    }
}
