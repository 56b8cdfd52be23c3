package vouch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.Closeable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import vouch.v1.Disagreement;
import vouch.v1.DisagreementList;
import vouch.v1.Enrolment;
import vouch.v1.ErrorReason;
import vouch.v1.ExportReport;
import vouch.v1.FieldProblem;
import vouch.v1.FieldProblemList;
import vouch.v1.HeldChange;
import vouch.v1.HeldChangeList;
import vouch.v1.Person;
import vouch.v1.PersonList;
import vouch.v1.Portfolio;
import vouch.v1.PossibleDuplicate;
import vouch.v1.PossibleDuplicateList;
import vouch.v1.RecordEvent;
import vouch.v1.RecordPage;
import vouch.v1.ReviewWarning;
import vouch.v1.ReviewWarningList;
import vouch.v1.RulesEvaluation;
import vouch.v1.SafetyState;
import vouch.v1.ScopeHash;
import vouch.v1.ScopeHashList;
import vouch.v1.StoredRecord;
import vouch.v1.StoredRecordList;

/**
 * Evidence on a device, with or without a network. The functions are those of
 * client.h, where each is told at length; records are the messages of vouch.v1.
 *
 * <pre>
 * try (Client client = Client.open(OpenOptions.at(folder).build())) {
 *   client.enrol("centre:8443", code);
 *   UUID id = client.create(observation, registration); // durable
 *   client.sync();
 * }
 * </pre>
 *
 * Any thread may call any function; close waits for the calls under way. What
 * saves is durable when it returns. Nothing returns or takes null, except where
 * it says so. All throw VouchException, and IllegalStateException once closed.
 */
public final class Client implements Closeable {
  private final ReadWriteLock closing = new ReentrantReadWriteLock();
  private long handle;
  // Guarded by itself, and never held during a call.
  private final Set<LiveQuery> live = new HashSet<>();

  private Client(long handle) {
    this.handle = handle;
  }

  /** Opens the store, or makes it. */
  public static Client open(OpenOptions options) {
    return new Client(Native.open(
        utf8(options.folder.toString()), options.key, options.reserveBytes,
        options.log, options.shared, options.shareWaitMs));
  }

  /**
   * Once or more; waits for the calls under way, so not from within one: not
   * in what a sync or a live query calls.
   */
  @Override
  public void close() {
    closing.writeLock().lock();
    try {
      if (handle == 0) return;
      synchronized (live) {
        live.forEach(query -> free(query.taken()));
        live.clear();
      }
      Native.close(handle);
      handle = 0;
    } finally {
      closing.writeLock().unlock();
    }
  }

  /** Of the library, "0.1.0". */
  public static String version() {
    return Native.version();
  }

  // --- Joining ---------------------------------------------------------------

  /** Joins a centre, once for a store. `code`: CODE or CODE@HEX. */
  public Enrolment enrol(String server, String code) {
    return enrol(server, code, Duration.ofSeconds(30));
  }

  public Enrolment enrol(String server, String code, Duration deadline) {
    return read(Enrolment.parser(), with(client -> Native.enrol(
        client, utf8(server), utf8(code), millis(deadline))));
  }

  /** Null until enrolled. */
  public Enrolment whoAmI() {
    try {
      return list(Native.WHO_AM_I, Enrolment.parser());
    } catch (VouchException e) {
      if (e.getReason() == ErrorReason.ERROR_REASON_NOT_ENROLLED) return null;
      throw e;
    }
  }

  public List<Person> people() {
    return list(Native.PEOPLE, PersonList.parser()).getPeopleList();
  }

  // --- Records ---------------------------------------------------------------

  /** Saves a Registration, or a record whose key leads to its registration. */
  public UUID create(Message record) {
    return Ids.fromArray(with(client -> Native.create(
        client, kindOf(record), record.toByteArray(), null)));
  }

  /** Saves a new record with what is filled in, however little. */
  public UUID create(Message record, UUID registration) {
    return Ids.fromArray(with(client -> Native.create(
        client, kindOf(record), record.toByteArray(),
        Ids.array(registration))));
  }

  /** The record that a message with its key fields set stands for. */
  public static UUID keyedId(Message record) {
    return Ids.fromArray(Native.keyedId(kindOf(record), record.toByteArray()));
  }

  public StoredRecord get(UUID record) {
    return ofRecord(Native.GET, record, StoredRecord.parser());
  }

  /** The record's own message: `messageOf(stored, Observation.parser())`. */
  public static <T> T messageOf(StoredRecord stored, Parser<T> parser) {
    return read(parser, stored.getMessage().toByteArray());
  }

  /**
   * Saves what `edited` changes against what stood at `base`, and nothing else
   * of the record. Returns the base for the next edit.
   */
  public ByteString edit(UUID record, ByteString base, Message edited) {
    return base(client -> Native.edit(
        false, client, Ids.array(record), base.toByteArray(), kindOf(edited),
        edited.toByteArray()));
  }

  /** As edit, for a record that is signed and locked. */
  public ByteString amend(UUID record, ByteString base, Message edited) {
    return base(client -> Native.edit(
        true, client, Ids.array(record), base.toByteArray(), kindOf(edited),
        edited.toByteArray()));
  }

  /** What is missing to sign; empty: ready. */
  public List<FieldProblem> validate(UUID record) {
    return ofRecord(Native.VALIDATE, record, FieldProblemList.parser())
        .getProblemsList();
  }

  /** The same for what is on the screen and not saved yet. */
  public static List<FieldProblem> validate(Message record) {
    return read(
        FieldProblemList.parser(),
        Native.validateMessage(kindOf(record), record.toByteArray()))
        .getProblemsList();
  }

  /** Signs and locks what the person saw at `base`; empty: as it is now. */
  public ByteString sign(UUID record, ByteString base) {
    return base(client -> Native.sign(
        client, Ids.array(record), base.toByteArray(), null));
  }

  /** The same with a witness, who drew `svgPath` on this device. */
  public ByteString sign(UUID record, ByteString base, String svgPath) {
    return base(client -> Native.sign(
        client, Ids.array(record), base.toByteArray(), utf8(svgPath)));
  }

  public ByteString countersign(UUID record, ByteString base) {
    return act(Native.COUNTERSIGN, record, base);
  }

  /** Takes a signed record, or the verdict of a ledger, back. */
  public ByteString withdraw(UUID record, ByteString base) {
    return act(Native.WITHDRAW, record, base);
  }

  /** Hides a draft; revive undoes it. */
  public ByteString discard(UUID record, ByteString base) {
    return act(Native.DISCARD, record, base);
  }

  public ByteString revive(UUID record, ByteString base) {
    return act(Native.REVIVE, record, base);
  }

  /** Appends a verdict, signed; `base` of the ledger as seen, or empty. */
  public UUID appendEntry(Message ledger, ByteString base) {
    return Ids.fromArray(with(client -> Native.appendEntry(
        client, kindOf(ledger), ledger.toByteArray(), base.toByteArray())));
  }

  public RecordPage query(RecordQuery query) {
    return read(RecordPage.parser(), with(client -> Native.query(
        client, utf8(query.kind), Ids.arrayOrNull(query.registration),
        utf8(query.state), query.pageSize, utf8(query.pageToken), query.fromMs,
        query.toMs, utf8(query.text))));
  }

  /**
   * Tells what the query finds now, perhaps nothing, then whatever changes in
   * that: what appeared, changed or is gone. Page size and token play no part.
   * `changed` is called one call at a time, on the thread that saved or synced,
   * after what it tells of is durable; it may use the client, and close the
   * query. The first call comes before this returns, unless another thread is
   * telling a query just then. What it throws goes to its thread's handler of
   * uncaught exceptions.
   */
  public LiveQuery watch(
      RecordQuery query, Consumer<List<RecordEvent>> changed) {
    final LiveQuery made = new LiveQuery(this, changed);
    return with(client -> {
      // Nobody else has it before this returns, and close waits.
      made.opened(Native.watch(
          client, utf8(query.kind), Ids.arrayOrNull(query.registration),
          utf8(query.state), query.fromMs, query.toMs, utf8(query.text), made));
      synchronized (live) {
        live.add(made);
      }
      return made;
    });
  }

  public List<StoredRecord> registrations() {
    return list(Native.REGISTRATIONS, StoredRecordList.parser())
        .getRecordsList();
  }

  // --- Disagreements and what is held ----------------------------------------

  public List<Disagreement> conflicts() {
    return ofRecord(Native.CONFLICTS, null, DisagreementList.parser())
        .getConflictsList();
  }

  public List<Disagreement> conflicts(UUID record) {
    return ofRecord(Native.CONFLICTS, record, DisagreementList.parser())
        .getConflictsList();
  }

  /** `side`: its place in the disagreement, from 0. */
  public void settleBySide(Disagreement conflict, int side) {
    if (side < 0) throw new IllegalArgumentException("side < 0");
    settle(conflict, side, null, null);
  }

  /** Of a paragraph or text field. */
  public void settleByText(Disagreement conflict, String text) {
    settle(conflict, -1, text, null);
  }

  /** `message`: of the record's kind, with the field or one entry set. */
  public void settleByMessage(Disagreement conflict, Message message) {
    settle(conflict, -1, null, message);
  }

  public List<HeldChange> heldChanges() {
    return list(Native.HELD_CHANGES, HeldChangeList.parser()).getHeldList();
  }

  /** Lets a held change take effect. */
  public void release(HeldChange held) {
    with(client -> {
      Native.release(client, utf8(held.getChange()));
      return null;
    });
  }

  public List<ReviewWarning> warnings() {
    return list(Native.WARNINGS, ReviewWarningList.parser()).getWarningsList();
  }

  /** Null: of all registrations that are here. */
  public List<PossibleDuplicate> possibleDuplicates(UUID registration) {
    return ofRecord(
        Native.POSSIBLE_DUPLICATES, registration,
        PossibleDuplicateList.parser())
        .getPairsList();
  }

  // --- Standing --------------------------------------------------------------

  public SafetyState safetyOf(UUID record) {
    return SafetyState.forNumber(
        with(client -> Native.safetyOf(client, Ids.array(record))));
  }

  /** The same of everything that belongs to a registration, itself too. */
  public PortfolioSafety safetyOfPortfolio(UUID registration) {
    final long[] n = with(client ->
        Native.safetyOfPortfolio(client, Ids.array(registration)));
    return new PortfolioSafety(
        n[0], n[1], n[2], SafetyState.forNumber((int) n[3]));
  }

  /** Why nothing is safe yet; "" once something can be. */
  public String safeUnavailable() {
    return new String(
        with(client -> Native.list(Native.SAFE_UNAVAILABLE, client)), UTF_8);
  }

  public LedgerNumbers ledger() {
    final long[] n = with(Native::ledger);
    return new LedgerNumbers(n[0], n[1], n[2], n[3], n[4], n[5] != 0);
  }

  public List<ScopeHash> stateHashes() {
    return list(Native.STATE_HASHES, ScopeHashList.parser()).getScopesList();
  }

  /** The centre's own; uses the network. */
  public List<ScopeHash> centreStateHashes(Duration deadline) {
    return read(ScopeHashList.parser(), with(client ->
        Native.centreStateHashes(client, millis(deadline))))
        .getScopesList();
  }

  public Portfolio portfolio(UUID registration) {
    return ofRecord(Native.PORTFOLIO, registration, Portfolio.parser());
  }

  /** Needs no store. `version` 0: the latest. */
  public static RulesEvaluation evaluateRules(
      String specification, int version, List<String> units) {
    return read(RulesEvaluation.parser(), Native.evaluateRules(
        utf8(specification), version,
        units.stream().map(Client::utf8).toArray(byte[][]::new)));
  }

  // --- The network, and taking everything out --------------------------------

  public SyncReport sync() {
    return sync(SyncOptions.builder().build());
  }

  /**
   * Pushes and pulls until both sides are in step. Blocks up to the deadline;
   * saving goes on meanwhile. After an exception nothing is lost, and the next
   * sync goes on where this one ended.
   */
  public SyncReport sync(SyncOptions options) {
    final long[] report = new long[10];
    with(client -> {
      Native.sync(
          client, options.deadline.toMillis(), utf8(options.server),
          options.cancellation == null ? 0 : options.cancellation.handle(),
          options.progress, options.slice.toMillis(), options.sparing, report);
      return null;
    });
    return SyncReport.of(report);
  }

  /**
   * How long to wait before the next sync, when the last `failures` (1 or more)
   * have ended, the last of them with `error`: longer each time, less a random
   * share. Empty when waiting alone changes nothing: a person has to act.
   */
  public static Optional<Duration> retryAfter(
      VouchException error, int failures) {
    final long ms = Native.retryAfterMs(error.number(), Math.max(failures, 1));
    return ms < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(ms));
  }

  /** Writes every record to a new file, one JSON object a line. */
  public ExportReport export(Path path) {
    return read(ExportReport.parser(), with(client ->
        Native.export(client, utf8(path.toString()))));
  }

  /** The same for a store that does not open any more. */
  public static ExportReport exportStore(OpenOptions options, Path path) {
    return read(ExportReport.parser(), Native.exportStore(
        utf8(options.folder.toString()), options.key, utf8(path.toString())));
  }

  // --- Shared ----------------------------------------------------------------

  private <T> T with(LongFunction<T> call) {
    final Lock open = closing.readLock();
    open.lock();
    try {
      if (handle == 0) throw new IllegalStateException("the client is closed");
      return call.apply(handle);
    } finally {
      open.unlock();
    }
  }

  // Once the client is closed the query is too.
  void end(LiveQuery query) {
    final Lock open = closing.readLock();
    open.lock();
    try {
      free(query.taken());
      synchronized (live) {
        live.remove(query);
      }
    } finally {
      open.unlock();
    }
  }

  private static void free(long query) {
    if (query != 0) Native.freeLive(query);
  }

  private <T> T list(int function, Parser<T> parser) {
    return read(parser, with(client -> Native.list(function, client)));
  }

  private <T> T ofRecord(int function, UUID record, Parser<T> parser) {
    return read(parser, with(client ->
        Native.ofRecord(function, client, Ids.arrayOrNull(record))));
  }

  private ByteString act(int function, UUID record, ByteString base) {
    return base(client -> Native.act(
        function, client, Ids.array(record), base.toByteArray()));
  }

  private ByteString base(LongFunction<byte[]> call) {
    return ByteString.copyFrom(with(call));
  }

  private void settle(
      Disagreement conflict, int side, String text, Message message) {
    with(client -> {
      Native.settle(
          client, utf8(conflict.getHandle()), utf8(conflict.getVersion()), side,
          text == null ? null : utf8(text),
          message == null ? null : kindOf(message),
          message == null ? null : message.toByteArray());
      return null;
    });
  }

  private static int millis(Duration deadline) {
    return Math.toIntExact(deadline.toMillis());
  }

  private static byte[] kindOf(Message record) {
    return utf8(record.getDescriptorForType().getName());
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  private static <T> T read(Parser<T> parser, byte[] bytes) {
    try {
      return parser.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("not a message of that type", e);
    }
  }
}
