// The first page of client-lib/README.md in Kotlin: FOLDER HOST:PORT CODE. The
// tests check each name in it against the compiled binding; they do not compile
// it.
import java.nio.file.Path
import java.time.Duration
import vouch.Client
import vouch.OpenOptions
import vouch.RecordQuery
import vouch.VouchException
import vouch.v1.Observation
import vouch.v1.Paragraph
import vouch.v1.Registration

fun main(arguments: Array<String>) {
  val (folder, server, code) = arguments
  Client.open(OpenOptions.at(Path.of(folder)).build()).use { client ->
    client.enrol(server, code) // once; the rest needs no network

    val candidate = client.create( // durable on return
        Registration.newBuilder().setCandidateName("Sam Carter").build())
    val live = client.watch(RecordQuery().ofKind("Observation")) { events ->
      events.forEach { println(it.record.state) }
    }
    val seen = client.create(
        Observation.newBuilder()
            .setVenue("Front office")
            .addNarrative(Paragraph.newBuilder()
                .setText("Answered every call within three rings."))
            .build(),
        candidate)

    syncOrWait(client, 1) // whenever there is a network
    live.close()
    println("$seen ${client.safetyOf(seen)}")
  }
}

/** Syncs; after a failure, how long to wait, or null if that is of no use. */
fun syncOrWait(client: Client, failures: Int): Duration? =
    try {
      client.sync()
      null
    } catch (e: VouchException) {
      println("${e.reasonName}: ${e.message} What to do: ${e.advice}")
      Client.retryAfter(e, failures).orElse(null)
    }
