package vouch;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/** How a store is opened. Immutable. */
public final class OpenOptions {
  /** Gives the key of a store from the platform's key store. */
  @FunctionalInterface
  public interface KeySource {
    /**
     * The 32 bytes that everything at rest is sealed with. What it throws comes
     * out of Client.open. The array is overwritten after use.
     */
    byte[] key();
  }

  /** Takes lines about what was done, without anything about people. */
  @FunctionalInterface
  public interface Log {
    /** Levels: 1 information, 2 warning. What it throws is dropped. */
    void line(int level, String line);
  }

  final Path folder;
  final KeySource key;
  final long reserveBytes;
  final Log log;
  final boolean shared;
  final int shareWaitMs; // 0: the library's own

  private OpenOptions(Builder builder) {
    this.folder = builder.folder;
    this.key = builder.key;
    this.reserveBytes = builder.reserveBytes;
    this.log = builder.log;
    this.shared = builder.shared;
    this.shareWaitMs = builder.shareWaitMs;
  }

  /** `folder`: the client's own; made if missing, its parent must exist. */
  public static Builder at(Path folder) {
    return new Builder(Objects.requireNonNull(folder));
  }

  /** Makes options. */
  public static final class Builder {
    private final Path folder;
    private KeySource key;
    private long reserveBytes;
    private Log log;
    private boolean shared;
    private int shareWaitMs;

    private Builder(Path folder) {
      this.folder = folder;
    }

    /** Without it the key lies beside the store, and protects nothing. */
    public Builder key(KeySource source) {
      this.key = source;
      return this;
    }

    /** Saves that would leave less free get STORE_FULL; 64 MiB if not set. */
    public Builder reserveBytes(long bytes) {
      if (bytes < 0) throw new IllegalArgumentException("bytes < 0");
      this.reserveBytes = bytes;
      return this;
    }

    public Builder log(Log log) {
      this.log = log;
      return this;
    }

    /**
     * The app has a second process that uses this store too, and both say so.
     * Each waits for the other up to five seconds, then gets STORE_LOCKED; one
     * of them at a time syncs.
     */
    public Builder shared() {
      this.shared = true;
      return this;
    }

    /** The same, with another wait, of 1 ms or more. */
    public Builder shared(Duration wait) {
      if (wait.isNegative() || wait.toMillis() == 0) {
        throw new IllegalArgumentException("a wait is at least 1 ms");
      }
      this.shareWaitMs = Math.toIntExact(wait.toMillis());
      return shared();
    }

    public OpenOptions build() {
      return new OpenOptions(this);
    }
  }
}
