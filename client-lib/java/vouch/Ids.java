package vouch;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.UUID;

/** Ids as messages hold them, 16 bytes, and as programs and people do. */
public final class Ids {
  private Ids() {}

  /** For a field of a message: `setObserver(Ids.bytes(me))`. */
  public static ByteString bytes(UUID id) {
    return ByteString.copyFrom(array(id));
  }

  /** Throws IllegalArgumentException unless there are 16 bytes. */
  public static UUID of(ByteString bytes) {
    return fromArray(bytes.toByteArray());
  }

  static byte[] array(UUID id) {
    return ByteBuffer.allocate(16)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array();
  }

  static byte[] arrayOrNull(UUID id) {
    return id == null ? null : array(id);
  }

  static UUID fromArray(byte[] bytes) {
    if (bytes.length != 16) {
      throw new IllegalArgumentException("an id is 16 bytes");
    }
    final ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new UUID(buffer.getLong(), buffer.getLong());
  }
}
