import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.UUID;
import vouch.Client;
import vouch.LedgerNumbers;
import vouch.OpenOptions;
import vouch.RecordQuery;
import vouch.SyncReport;
import vouch.v1.Observation;
import vouch.v1.RecordPage;
import vouch.v1.Registration;

/**
 * An app that is killed while it captures.
 *
 * <p>`capture FOLDER SERVER CODE` enrols and saves one observation after the
 * other, telling each on a line of its own once it is saved, until it is killed.
 * `resume FOLDER` reads those lines, finds each of them, and syncs.
 */
final class KilledCapture {
  private static final int SAVES_MAX = 1_000_000;

  private static void capture(Client client, String server, String code) {
    client.enrol(server, code);
    final UUID registration = client.create(
        Registration.newBuilder().setCandidateName("Sam Carter").build());
    for (int i = 0; i < SAVES_MAX; ++i) {
      final UUID id = client.create(
          Observation.newBuilder().setVenue("Room " + i).build(), registration);
      System.out.println(id + " Room " + i);
      System.out.flush();
    }
  }

  private static int count(Client client) {
    int records = 0;
    RecordQuery query = new RecordQuery().ofKind("Observation").pagesOf(500);
    while (true) {
      final RecordPage page = client.query(query);
      records += page.getRecordsCount();
      if (page.getNextPageToken().isEmpty()) return records;
      query = query.after(page.getNextPageToken());
    }
  }

  private static void resume(Client client) throws Exception {
    final BufferedReader told =
        new BufferedReader(new InputStreamReader(System.in));
    int found = 0;
    for (String line; (line = told.readLine()) != null; ++found) {
      final String[] parts = line.split(" ", 2);
      final Observation seen = Client.messageOf(
          client.get(UUID.fromString(parts[0])), Observation.parser());
      if (!seen.getVenue().equals(parts[1])) {
        throw new AssertionError(line + ": " + seen);
      }
    }
    final SyncReport report = client.sync();
    final LedgerNumbers ledger = client.ledger();
    System.out.println(
        "found=" + found + " here=" + count(client) + " pushed="
            + report.pushed() + " stored=" + ledger.stored() + " pending="
            + ledger.pending() + " balanced=" + ledger.balanced());
  }

  public static void main(String[] arguments) throws Exception {
    final OpenOptions options =
        OpenOptions.at(Path.of(arguments[1])).build();
    try (Client client = Client.open(options)) {
      if (arguments[0].equals("capture")) {
        capture(client, arguments[2], arguments[3]);
      } else {
        resume(client);
      }
    }
  }
}
