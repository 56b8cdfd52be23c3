package vouch;

import java.io.Closeable;

/** Ends syncs that were given it, with SYNC_STOPPED. Any thread. */
public final class Cancellation implements Closeable {
  private long handle = Native.newCancellation();

  public synchronized void cancel() {
    Native.cancel(handle());
  }

  synchronized long handle() {
    if (handle == 0) throw new IllegalStateException("closed");
    return handle;
  }

  /** When no sync has it any more. */
  @Override
  public synchronized void close() {
    if (handle != 0) Native.freeCancellation(handle);
    handle = 0;
  }
}
