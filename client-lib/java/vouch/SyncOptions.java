package vouch;

import java.time.Duration;

/** How a sync is run. Immutable. */
public final class SyncOptions {
  /** Hears how far a sync has come. */
  @FunctionalInterface
  public interface Progress {
    /**
     * On the syncing thread, after each step that is durable: changes
     * acknowledged and left, entries of the centre's log passed and left, bytes
     * both ways. What it throws ends the sync and comes out of it.
     */
    void moved(
        long pushed, long toPush, long pulled, long toPull, long bytesSent,
        long bytesReceived);
  }

  final Duration deadline;
  final String server;
  final Cancellation cancellation;
  final Progress progress;
  final Duration slice;
  final boolean sparing;

  private SyncOptions(Builder builder) {
    this.deadline = builder.deadline;
    this.server = builder.server;
    this.cancellation = builder.cancellation;
    this.progress = builder.progress;
    this.slice = builder.slice;
    this.sparing = builder.sparing;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Makes options. */
  public static final class Builder {
    private Duration deadline = Duration.ofMinutes(5);
    private String server = "";
    private Cancellation cancellation;
    private Progress progress;
    private Duration slice = Duration.ZERO;
    private boolean sparing;

    private Builder() {}

    /** The whole sync ends by then; what was acknowledged stays. */
    public Builder deadline(Duration deadline) {
      if (deadline.isNegative() || deadline.toMillis() == 0) {
        throw new IllegalArgumentException("a deadline is at least 1 ms");
      }
      this.deadline = deadline;
      return this;
    }

    /** host:port, if the centre moved. */
    public Builder server(String server) {
      this.server = server;
      return this;
    }

    /** It is not closed before the sync has ended. */
    public Builder cancellation(Cancellation cancellation) {
      this.cancellation = cancellation;
      return this;
    }

    public Builder progress(Progress progress) {
      this.progress = progress;
      return this;
    }

    /**
     * After so long it ends at the next good moment, with SYNC_STOPPED unless
     * all is done; each slice makes some headway.
     */
    public Builder slice(Duration slice) {
      if (slice.isNegative() || slice.toMillis() == 0) {
        throw new IllegalArgumentException("a slice is at least 1 ms");
      }
      this.slice = slice;
      return this;
    }

    /**
     * The network costs money, or the battery is low: after a megabyte, what
     * others wrote waits, with SYNC_STOPPED.
     */
    public Builder sparing(boolean sparing) {
      this.sparing = sparing;
      return this;
    }

    public SyncOptions build() {
      return new SyncOptions(this);
    }
  }
}
