package vouch;

import java.util.UUID;

/** Which records, in pages. Immutable; `new RecordQuery()` is all of them. */
public final class RecordQuery {
  final String kind;
  final UUID registration;
  final String state;
  final int pageSize;
  final String pageToken;

  public RecordQuery() {
    this("", null, "", 50, "");
  }

  private RecordQuery(
      String kind, UUID registration, String state, int pageSize,
      String pageToken) {
    this.kind = kind;
    this.registration = registration;
    this.state = state;
    this.pageSize = pageSize;
    this.pageToken = pageToken;
  }

  /** "Observation". */
  public RecordQuery ofKind(String kind) {
    return new RecordQuery(kind, registration, state, pageSize, pageToken);
  }

  /** Null: of all. */
  public RecordQuery ofRegistration(UUID registration) {
    return new RecordQuery(kind, registration, state, pageSize, pageToken);
  }

  /** "draft", as in RecordRow. */
  public RecordQuery inState(String state) {
    return new RecordQuery(kind, registration, state, pageSize, pageToken);
  }

  /** 1 to 500. */
  public RecordQuery pagesOf(int records) {
    return new RecordQuery(kind, registration, state, records, pageToken);
  }

  /** The page after the one that gave this token. */
  public RecordQuery after(String token) {
    return new RecordQuery(kind, registration, state, pageSize, token);
  }
}
