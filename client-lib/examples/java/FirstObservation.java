import java.nio.file.Path;
import java.util.UUID;
import vouch.Client;
import vouch.OpenOptions;
import vouch.RecordQuery;
import vouch.VouchException;
import vouch.v1.Observation;
import vouch.v1.Paragraph;
import vouch.v1.Registration;

/** From nothing to a synced observation: FirstObservation FOLDER SERVER CODE. */
final class FirstObservation {
  public static void main(String[] arguments) {
    final Path folder = Path.of(arguments[0]);
    final String server = arguments[1];
    final String code = arguments[2];

    try (Client client = Client.open(OpenOptions.at(folder).build())) {
      client.enrol(server, code); // once; the rest needs no network

      UUID candidate = client.create( // durable on return
          Registration.newBuilder().setCandidateName("Sam Carter").build());
      UUID seen = client.create(
          Observation.newBuilder()
              .setVenue("Front office")
              .addNarrative(Paragraph.newBuilder()
                  .setText("Answered every call within three rings."))
              .build(),
          candidate);

      client.query(new RecordQuery().ofKind("Observation"))
          .getRecordsList()
          .forEach(row -> System.out.println(row.getState()));
      client.sync(); // whenever there is a network
      System.out.println(client.safetyOf(seen) + " " + client.ledger());
    } catch (VouchException e) {
      System.err.println(e + "\nWhat to do: " + e.getAdvice());
      System.exit(1);
    }
  }
}
