package vouch;

/**
 * libvouch's functions as vouch_jni.c gives them. Functions of one shape share
 * an entry, and are told apart by the numbers below; vouch_jni.c has the same.
 * All throw VouchException. A handle is never used after it was closed: that is
 * for Client to see to.
 */
final class Native {
  // Of the client alone.
  static final int WHO_AM_I = 0;
  static final int PEOPLE = 1;
  static final int REGISTRATIONS = 2;
  static final int HELD_CHANGES = 3;
  static final int WARNINGS = 4;
  static final int SAFE_UNAVAILABLE = 5;
  static final int STATE_HASHES = 6;
  // Of a record; null where that means all.
  static final int GET = 0;
  static final int VALIDATE = 1;
  static final int CONFLICTS = 2;
  static final int POSSIBLE_DUPLICATES = 3;
  static final int PORTFOLIO = 4;
  // Done to a record as it was seen.
  static final int COUNTERSIGN = 0;
  static final int WITHDRAW = 1;
  static final int DISCARD = 2;
  static final int REVIVE = 3;

  static {
    final String library = System.getProperty("vouch.library");
    if (library == null) {
      System.loadLibrary("vouch_jni");
    } else {
      System.load(library);
    }
  }

  private Native() {}

  static native String version();

  static native long open(
      byte[] folder, OpenOptions.KeySource key, long reserveBytes,
      OpenOptions.Log log, boolean shared, int shareWaitMs);

  static native void close(long client);

  static native byte[] enrol(
      long client, byte[] server, byte[] code, int deadlineMs);

  static native byte[] list(int function, long client);

  static native byte[] ofRecord(int function, long client, byte[] record);

  static native byte[] act(
      int function, long client, byte[] record, byte[] base);

  static native byte[] create(
      long client, byte[] kind, byte[] message, byte[] registration);

  static native byte[] keyedId(byte[] kind, byte[] message);

  static native byte[] edit(
      boolean amend, long client, byte[] record, byte[] base, byte[] kind,
      byte[] message);

  static native byte[] validateMessage(byte[] kind, byte[] message);

  static native byte[] sign(
      long client, byte[] record, byte[] base, byte[] drawnSignature);

  static native byte[] appendEntry(
      long client, byte[] kind, byte[] message, byte[] base);

  static native byte[] query(
      long client, byte[] kind, byte[] registration, byte[] state,
      int pageSize, byte[] pageToken, long fromMs, long toMs, byte[] text);

  /** `told` is called from then on; 0 with an exception waiting. */
  static native long watch(
      long client, byte[] kind, byte[] registration, byte[] state, long fromMs,
      long toMs, byte[] text, LiveQuery told);

  static native void freeLive(long live);

  /** By side if side is not negative, else by text, else by message. */
  static native void settle(
      long client, byte[] handle, byte[] version, int side, byte[] text,
      byte[] kind, byte[] message);

  static native void release(long client, byte[] change);

  static native int safetyOf(long client, byte[] record);

  /** On this tablet, at the centre, safe; the least. */
  static native long[] safetyOfPortfolio(long client, byte[] registration);

  /** captured, stored, held, pending, pulled, balanced. */
  static native long[] ledger(long client);

  static native byte[] centreStateHashes(long client, int deadlineMs);

  static native byte[] evaluateRules(
      byte[] specification, int version, byte[][] units);

  /**
   * Fills in `report`, also when it throws: pushed, pulled, bytes sent, bytes
   * received, restored, no longer safe, log size, recovered, conflicts, held.
   */
  static native void sync(
      long client, long deadlineMs, byte[] server, long cancellation,
      SyncOptions.Progress progress, long sliceMs, boolean sparing,
      long[] report);

  /** Negative: not at all. */
  static native long retryAfterMs(int reason, int failures);

  static native long newCancellation();

  static native void cancel(long cancellation);

  static native void freeCancellation(long cancellation);

  static native byte[] export(long client, byte[] path);

  static native byte[] exportStore(
      byte[] folder, OpenOptions.KeySource key, byte[] path);
}
