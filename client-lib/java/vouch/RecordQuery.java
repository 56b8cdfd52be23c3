package vouch;

import java.time.Instant;
import java.util.UUID;

/** Which records, in pages. Immutable; `new RecordQuery()` is all of them. */
public final class RecordQuery {
  final String kind;
  final UUID registration;
  final String state;
  final int pageSize;
  final String pageToken;
  final long fromMs;
  final long toMs; // 0: no end
  final String text;

  public RecordQuery() {
    this("", null, "", 50, "", 0, 0, "");
  }

  private RecordQuery(
      String kind, UUID registration, String state, int pageSize,
      String pageToken, long fromMs, long toMs, String text) {
    this.kind = kind;
    this.registration = registration;
    this.state = state;
    this.pageSize = pageSize;
    this.pageToken = pageToken;
    this.fromMs = fromMs;
    this.toMs = toMs;
    this.text = text;
  }

  /** "Observation". */
  public RecordQuery ofKind(String kind) {
    return new RecordQuery(
        kind, registration, state, pageSize, pageToken, fromMs, toMs, text);
  }

  /** Null: of all. */
  public RecordQuery ofRegistration(UUID registration) {
    return new RecordQuery(
        kind, registration, state, pageSize, pageToken, fromMs, toMs, text);
  }

  /** "draft", as in RecordRow. */
  public RecordQuery inState(String state) {
    return new RecordQuery(
        kind, registration, state, pageSize, pageToken, fromMs, toMs, text);
  }

  /** Made then or later, by its maker's clock. */
  public RecordQuery from(Instant first) {
    return new RecordQuery(
        kind, registration, state, pageSize, pageToken, first.toEpochMilli(),
        toMs, text);
  }

  /** Made before that, by its maker's clock; after 1970. */
  public RecordQuery before(Instant end) {
    if (end.toEpochMilli() <= 0) {
      throw new IllegalArgumentException("nothing was made before 1970");
    }
    return new RecordQuery(
        kind, registration, state, pageSize, pageToken, fromMs,
        end.toEpochMilli(), text);
  }

  /**
   * Words that all occur in the record's texts. A page of such a query may hold
   * few records or none: there are more as long as there is a token.
   */
  public RecordQuery withText(String words) {
    return new RecordQuery(
        kind, registration, state, pageSize, pageToken, fromMs, toMs, words);
  }

  /** 1 to 500. */
  public RecordQuery pagesOf(int records) {
    return new RecordQuery(
        kind, registration, state, records, pageToken, fromMs, toMs, text);
  }

  /** The page after the one that gave this token. */
  public RecordQuery after(String token) {
    return new RecordQuery(
        kind, registration, state, pageSize, token, fromMs, toMs, text);
  }
}
