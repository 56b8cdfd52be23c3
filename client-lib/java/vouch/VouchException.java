package vouch;

import vouch.v1.ErrorReason;

/** Why a call failed: a stable reason to branch on, and words for a person. */
public final class VouchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int number;
  private final String reasonName;
  private final String advice;
  private final String field;

  // Made by vouch_jni.c.
  VouchException(
      int number, String name, String message, String advice, String field) {
    super(message);
    this.number = number;
    this.reasonName = name;
    this.advice = advice;
    this.field = field;
  }

  /** The reason; UNRECOGNIZED if the library is newer than these classes. */
  public ErrorReason getReason() {
    final ErrorReason reason = ErrorReason.forNumber(number);
    return reason == null ? ErrorReason.UNRECOGNIZED : reason;
  }

  int number() {
    return number;
  }

  /** Its name in proto/errors.md, "STORE_FULL". */
  public String getReasonName() {
    return reasonName;
  }

  /** What to do about it, for a person. */
  public String getAdvice() {
    return advice;
  }

  /** The argument or field that it is about; "" if it is about none. */
  public String getField() {
    return field;
  }

  @Override
  public String toString() {
    return reasonName + ": " + getMessage();
  }
}
