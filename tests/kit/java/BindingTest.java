import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import vouch.Cancellation;
import vouch.Client;
import vouch.Ids;
import vouch.LiveQuery;
import vouch.OpenOptions;
import vouch.PortfolioSafety;
import vouch.RecordQuery;
import vouch.SyncOptions;
import vouch.VouchException;
import vouch.v1.CriterionOutcome;
import vouch.v1.CriterionReference;
import vouch.v1.Disagreement;
import vouch.v1.ErrorReason;
import vouch.v1.Judgement;
import vouch.v1.JudgementEntry;
import vouch.v1.Observation;
import vouch.v1.Paragraph;
import vouch.v1.Person;
import vouch.v1.RecordEvent;
import vouch.v1.RecordEventKind;
import vouch.v1.Registration;
import vouch.v1.Role;
import vouch.v1.SafetyState;
import vouch.v1.StoredRecord;
import vouch.v1.TimeSpan;

/**
 * What the binding promises, against a real centre: BindingTest FOLDER SERVER
 * CODE CODE. Prints the name of each test that held; the first that does not
 * ends it with a stack.
 */
final class BindingTest {
  private final Path folder;
  private final Client north;
  private final Client south;
  private final UUID registration;

  private BindingTest(String[] arguments) {
    folder = Path.of(arguments[0]);
    north = Client.open(OpenOptions.at(folder.resolve("north")).build());
    south = Client.open(OpenOptions.at(folder.resolve("south")).build());
    check(north.whoAmI() == null, "nobody before enrolment");
    check(north.enrol(arguments[1], arguments[2]).getRole()
        == Role.ROLE_ASSESSOR, "an assessor");
    south.enrol(arguments[1], arguments[3]);
    registration = north.create(
        Registration.newBuilder().setCandidateName("Zoë Ångström 例")
            .setSpecification("03455").setSpecificationVersion(1)
            .addUnits("F1").build());
  }

  private static void check(boolean holds, String claim) {
    if (!holds) throw new AssertionError(claim);
  }

  private static VouchException refused(ErrorReason reason, Runnable call) {
    try {
      call.run();
    } catch (VouchException e) {
      check(e.getReason() == reason, reason + " and not " + e);
      check(!e.getAdvice().isEmpty(), "says what to do");
      return e;
    }
    throw new AssertionError("not refused: " + reason);
  }

  private Observation.Builder seen(String text) {
    return Observation.newBuilder().setVenue("Front office")
        .addNarrative(Paragraph.newBuilder().setText(text));
  }

  private void textsAreUtf8BothWays() {
    final StoredRecord stored = north.get(registration);
    final Registration read =
        Client.messageOf(stored, Registration.parser());
    check(read.getCandidateName().equals("Zoë Ångström 例"), "the name");
    check(stored.getRow().getId().equals(Ids.bytes(registration)), "the id");
    check(Ids.of(stored.getRow().getId()).equals(registration), "and back");
    check(north.registrations().size() == 1, "one registration");
  }

  private void aRecordLivesItsWholeLife() {
    final Observation.Builder whole = seen("He wired it.")
        .setObserver(north.whoAmI().getPerson()).setCandidate("Zoë")
        .setWhen(TimeSpan.newBuilder().setStartMs(1_799_990_000_000L)
            .setEndMs(1_799_993_600_000L));
    final UUID bare = north.create(seen("He wired it.").build(), registration);
    check(!north.validate(bare).isEmpty(), "something is missing");
    final VouchException e = refused(
        ErrorReason.ERROR_REASON_NOT_READY_TO_SIGN,
        () -> north.sign(bare, ByteString.EMPTY));
    check(e.getField().equals(north.validate(bare).get(0).getField()),
        "names the field");
    north.discard(bare, ByteString.EMPTY);
    north.revive(bare, ByteString.EMPTY);
    north.discard(bare, ByteString.EMPTY);

    check(Client.validate(whole.build()).isEmpty(), "nothing is missing");
    final UUID id = north.create(whole.build(), registration);
    final ByteString base = north.sign(id, ByteString.EMPTY);
    refused(ErrorReason.ERROR_REASON_RECORD_SEALED,
        () -> north.edit(id, base, whole.setVenue("Workshop").build()));
    final Observation.Builder amended = Client
        .messageOf(north.get(id), Observation.parser()).toBuilder()
        .setVenue("Workshop");
    north.amend(id, north.get(id).getBase(), amended.build());
    check(north.get(id).getActs(1).getWhat().equals("signed"), "signed");
    final UUID judged = north.appendEntry(
        Judgement.newBuilder().setEvidence(Ids.bytes(id))
            .addEntries(JudgementEntry.newBuilder().setFeedback("Well done.")
                .setMethodValue(1).setJustification("Seen.")
                .addOutcomes(CriterionOutcome.newBuilder().setMet(true)
                    .setCriterion(CriterionReference.newBuilder()
                        .setUnit("F1").setCriterion("1.1"))))
            .build(),
        ByteString.EMPTY);
    check(judged.equals(Client.keyedId(
        Judgement.newBuilder().setEvidence(Ids.bytes(id)).build())), "keyed");
    check(north.portfolio(registration).getEvidenceCount() >= 1, "portfolio");
    north.withdraw(id, ByteString.EMPTY);
    check(north.get(id).getRow().getState().equals("withdrawn"), "withdrawn");
  }

  private void aDisagreementIsSettled() {
    final UUID id = north.create(seen("He tidied up.").build(), registration);
    check(north.safetyOf(id) == SafetyState.SAFETY_STATE_ON_THIS_TABLET,
        "on this tablet");
    final AtomicLong pushed = new AtomicLong();
    north.sync(SyncOptions.builder()
        .deadline(Duration.ofMinutes(1))
        .progress((up, left, down, toPull, sent, received) -> pushed.set(up))
        .build());
    check(pushed.get() == north.ledger().captured(), "progress to the end");
    check(north.safetyOf(id) == SafetyState.SAFETY_STATE_AT_THE_CENTRE,
        "at the centre");
    south.sync();
    for (Client client : List.of(north, south)) {
      final StoredRecord stored = client.get(id);
      final Observation.Builder edited =
          Client.messageOf(stored, Observation.parser()).toBuilder();
      edited.getNarrativeBuilder(0).setText(
          client == north ? "He swept." : "He mopped.");
      client.edit(id, stored.getBase(), edited.build());
    }
    north.sync();
    check(south.sync().conflicts() == 1, "one conflict");
    final Disagreement conflict = south.conflicts(id).get(0);
    check(conflict.getSidesCount() == 2, "two sides");
    south.settleByText(conflict, "He swept and mopped.");
    check(south.conflicts().isEmpty(), "settled");
    refused(ErrorReason.ERROR_REASON_NOT_FOUND,
        () -> south.settleBySide(conflict, 0));
    check(south.people().stream().map(Person::getName).toList()
        .containsAll(List.of("First Assessor", "Second Assessor")),
        "both people");
    check(south.heldChanges().isEmpty(), "nothing held");
    check(south.warnings().isEmpty(), "no warnings");
    check(south.possibleDuplicates(null).isEmpty(), "no duplicates");
    check(!south.safeUnavailable().isEmpty(), "no backup");
    south.sync();
    check(south.stateHashes().equals(
        south.centreStateHashes(Duration.ofSeconds(30))), "in step");
  }

  private void queriesPage() {
    RecordQuery query = new RecordQuery().ofKind("Observation")
        .ofRegistration(registration).pagesOf(1);
    final var page = north.query(query);
    check(page.getRecordsCount() == 1, "one a page");
    check(north.query(query.after(page.getNextPageToken())).getRecords(0)
        .getId().size() == 16, "the next page");
    refused(ErrorReason.ERROR_REASON_PAGE_TOKEN_INVALID,
        () -> north.query(query.inState("draft")
            .after(page.getNextPageToken())));
  }

  private void queriesGoByWordsAndByTime() {
    final UUID id = north.create(
        seen("He soldered a joint.").build(), registration);
    final RecordQuery all = new RecordQuery().ofKind("Observation");
    final var found = north.query(all.withText("JOINT solder"));
    check(found.getRecordsCount() == 1, "one with these words");
    check(Ids.of(found.getRecords(0).getId()).equals(id), "that one");
    final Instant made =
        Instant.ofEpochMilli(north.get(id).getActs(0).getClaimedMs());
    final RecordQuery words = all.withText("soldered");
    check(north.query(words.from(made)).getRecordsCount() == 1, "from then");
    check(north.query(words.from(made.plusMillis(1))).getRecordsCount() == 0,
        "from later");
    check(north.query(words.before(made)).getRecordsCount() == 0, "before");
    check(north.query(words.from(made).before(made.plusMillis(1)))
        .getRecordsCount() == 1, "in that millisecond");
    north.discard(id, ByteString.EMPTY);
  }

  private void aLiveQueryTellsWhatChanges() {
    final List<RecordEvent> told = new ArrayList<>();
    final List<Throwable> uncaught = new ArrayList<>();
    final Thread.UncaughtExceptionHandler before =
        Thread.currentThread().getUncaughtExceptionHandler();
    Thread.currentThread().setUncaughtExceptionHandler(
        (thread, thrown) -> uncaught.add(thrown));
    final RecordQuery drafts =
        new RecordQuery().inState("draft").withText("glazed");
    final LiveQuery live = north.watch(drafts, events -> {
      told.addAll(events);
      check(north.ledger().balanced(), "it may use the client");
      if (told.size() == 1) throw new IllegalStateException("the app's own");
    });
    check(told.isEmpty(), "nothing is there yet");
    final UUID id = north.create(seen("She glazed it.").build(), registration);
    check(told.size() == 1, "one event");
    check(told.get(0).getWhat() == RecordEventKind.RECORD_EVENT_KIND_APPEARED,
        "it appeared");
    check(Ids.of(told.get(0).getRecord().getId()).equals(id), "that record");
    check(uncaught.size() == 1, "what it threw was not the save's");
    north.create(seen("Something else.").build(), registration);
    check(told.size() == 1, "others are not told of");
    north.discard(id, ByteString.EMPTY);
    check(told.get(1).getWhat() == RecordEventKind.RECORD_EVENT_KIND_GONE,
        "it is gone");
    live.close();
    live.close();
    north.revive(id, ByteString.EMPTY);
    check(told.size() == 2, "closed is silent");
    // One is closed in its own call; another is left to the client.
    final LiveQuery[] self = new LiveQuery[1];
    self[0] = north.watch(drafts, events -> {
      if (self[0] != null) self[0].close();
      told.addAll(events);
    });
    north.discard(id, ByteString.EMPTY);
    north.revive(id, ByteString.EMPTY);
    check(told.size() == 4, "what was there, and one more: " + told.size());
    north.watch(drafts, events -> {});
    refused(ErrorReason.ERROR_REASON_KIND_UNKNOWN,
        () -> north.watch(new RecordQuery().ofKind("Poem"), events -> {}));
    north.discard(id, ByteString.EMPTY);
    Thread.currentThread().setUncaughtExceptionHandler(before);
    north.sync();
  }

  private void aPortfolioIsAsSafeAsItsLeastSafeRecord() {
    north.sync();
    final PortfolioSafety before = north.safetyOfPortfolio(registration);
    check(before.onThisTablet() == 0 && before.atTheCentre() > 1, "synced");
    check(before.least() == SafetyState.SAFETY_STATE_AT_THE_CENTRE, "no backup");
    north.create(seen("One more.").build(), registration);
    final PortfolioSafety after = north.safetyOfPortfolio(registration);
    check(after.onThisTablet() == 1, "one here alone");
    check(after.least() == SafetyState.SAFETY_STATE_ON_THIS_TABLET, "least");
    refused(ErrorReason.ERROR_REASON_NOT_FOUND,
        () -> north.safetyOfPortfolio(new UUID(7, 7)));
    north.sync();
  }

  private void twoClientsShareAStore() {
    final Path store = folder.resolve("shared");
    try (Client app = Client.open(OpenOptions.at(store).shared().build());
         Client worker = Client.open(OpenOptions.at(store)
             .shared(Duration.ofSeconds(3)).build())) {
      check(app.ledger().captured() == 0, "the one");
      check(worker.whoAmI() == null, "and the other");
    }
    try (Client alone = Client.open(OpenOptions.at(store).build())) {
      check(alone.whoAmI() == null, "alone");
      refused(ErrorReason.ERROR_REASON_STORE_LOCKED, () -> Client.open(
          OpenOptions.at(store).shared(Duration.ofMillis(1)).build()));
    }
  }

  private void waitingHelpsOrNot() {
    try (Client lost = Client.open(
        OpenOptions.at(folder.resolve("lost")).build())) {
      final VouchException unreachable = refused(
          ErrorReason.ERROR_REASON_UNREACHABLE,
          () -> lost.enrol("127.0.0.1:1", "AAAA-BBBB-CCCC"));
      final Duration first = Client.retryAfter(unreachable, 1).orElseThrow();
      check(first.toMillis() >= 500 && first.toMillis() <= 1000, "a second");
      final Duration fifth = Client.retryAfter(unreachable, 5).orElseThrow();
      check(fifth.toMillis() >= 8000 && fifth.toMillis() <= 16000, "doubled");
      final VouchException stranger = refused(
          ErrorReason.ERROR_REASON_NOT_ENROLLED, lost::sync);
      check(Client.retryAfter(stranger, 1).isEmpty(), "a person has to act");
    }
  }

  private void whatAnAppThrowsComesOut() {
    final RuntimeException own = new RuntimeException("the app's");
    try {
      Client.open(OpenOptions.at(folder.resolve("keyed")).key(() -> {
        throw own;
      }).build()).close();
      throw new AssertionError("opened without a key");
    } catch (RuntimeException e) {
      check(e == own, "the key source's exception");
    }
    north.create(seen("x").build(), registration);
    try {
      north.sync(SyncOptions.builder().progress((a, b, c, d, e, f) -> {
        throw own;
      }).build());
      throw new AssertionError("synced");
    } catch (RuntimeException e) {
      check(e == own, "the progress's exception");
    }
    check(north.ledger().balanced(), "nothing is lost");
    north.sync();
  }

  private void keysOpenAndOthersDoNot() {
    final Path store = folder.resolve("sealed");
    final List<String> lines = new ArrayList<>();
    final byte[][] given = new byte[1][];
    final OpenOptions.KeySource one = () -> {
      given[0] = new byte[32];
      Arrays.fill(given[0], (byte) 1);
      return given[0];
    };
    Client.open(OpenOptions.at(store).key(one)
        .log((level, line) -> lines.add(level + " " + line)).build()).close();
    check(lines.equals(List.of("1 store opened")), "log: " + lines);
    check(Arrays.equals(given[0], new byte[32]), "the key is overwritten");
    refused(ErrorReason.ERROR_REASON_STORE_KEY_WRONG, () -> Client.open(
        OpenOptions.at(store).key(() -> new byte[32]).build()));
    final OpenOptions again = OpenOptions.at(store).key(one).build();
    check(Client.exportStore(again, folder.resolve("out.jsonl")).getRecords()
        == 0, "an empty export");
    Client.open(again).close();
  }

  private void aCancelledSyncSaysSo() {
    north.create(seen("y").build(), registration);
    try (Cancellation cancellation = new Cancellation()) {
      cancellation.cancel();
      refused(ErrorReason.ERROR_REASON_SYNC_STOPPED, () -> north.sync(
          SyncOptions.builder().cancellation(cancellation).build()));
    }
    north.sync();
    check(north.ledger().pending() == 0 && north.ledger().balanced(), "ledger");
  }

  private void slicesAndSparingSyncsEndEarly() {
    // What no compression makes smaller, and more than one batch.
    final Random random = new Random(1);
    for (int i = 0; i < 120; ++i) {
      final String text = random.ints(120_000, '!', '{')
          .collect(StringBuilder::new, StringBuilder::appendCodePoint,
              StringBuilder::append).toString();
      north.create(seen(text).build(), registration);
    }
    refused(ErrorReason.ERROR_REASON_SYNC_STOPPED, () -> north.sync(
        SyncOptions.builder().slice(Duration.ofMillis(1)).build()));
    north.sync();
    refused(ErrorReason.ERROR_REASON_SYNC_STOPPED, () -> south.sync(
        SyncOptions.builder().sparing(true).build()));
    check(south.sync().pulled() > 0, "the rest");
  }

  private void rulesNeedNoStore() {
    check(Client.evaluateRules("03455", 0, List.of("F1", "A10")).getVerdict()
        .equals("not_met"), "not met");
    check(Client.version().matches("\\d+\\.\\d+\\.\\d+"), "a version");
  }

  private void closedIsClosed() {
    north.export(folder.resolve("north.jsonl"));
    north.close();
    north.close();
    try {
      north.ledger();
      throw new AssertionError("a closed client answered");
    } catch (IllegalStateException e) {
      check(e.getMessage().contains("closed"), "says so");
    }
    south.close();
  }

  public static void main(String[] arguments) {
    final BindingTest test = new BindingTest(arguments);
    final Object[][] tests = {
      {"textsAreUtf8BothWays", (Runnable) test::textsAreUtf8BothWays},
      {"aRecordLivesItsWholeLife", (Runnable) test::aRecordLivesItsWholeLife},
      {"aDisagreementIsSettled", (Runnable) test::aDisagreementIsSettled},
      {"queriesPage", (Runnable) test::queriesPage},
      {"queriesGoByWordsAndByTime",
          (Runnable) test::queriesGoByWordsAndByTime},
      {"aLiveQueryTellsWhatChanges",
          (Runnable) test::aLiveQueryTellsWhatChanges},
      {"aPortfolioIsAsSafeAsItsLeastSafeRecord",
          (Runnable) test::aPortfolioIsAsSafeAsItsLeastSafeRecord},
      {"twoClientsShareAStore", (Runnable) test::twoClientsShareAStore},
      {"waitingHelpsOrNot", (Runnable) test::waitingHelpsOrNot},
      {"whatAnAppThrowsComesOut", (Runnable) test::whatAnAppThrowsComesOut},
      {"keysOpenAndOthersDoNot", (Runnable) test::keysOpenAndOthersDoNot},
      {"aCancelledSyncSaysSo", (Runnable) test::aCancelledSyncSaysSo},
      {"slicesAndSparingSyncsEndEarly",
          (Runnable) test::slicesAndSparingSyncsEndEarly},
      {"rulesNeedNoStore", (Runnable) test::rulesNeedNoStore},
      {"closedIsClosed", (Runnable) test::closedIsClosed},
    };
    for (Object[] one : tests) {
      ((Runnable) one[1]).run();
      System.out.println(one[0]);
    }
  }
}
