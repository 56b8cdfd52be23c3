package vouch;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.Closeable;
import java.util.List;
import java.util.function.Consumer;
import vouch.v1.RecordEvent;
import vouch.v1.RecordEventList;

/** A query that goes on, made by Client.watch. Any thread may close it. */
public final class LiveQuery implements Closeable {
  private final Client client;
  private final Consumer<List<RecordEvent>> changed;
  private long handle;
  private boolean closed;

  LiveQuery(Client client, Consumer<List<RecordEvent>> changed) {
    this.client = client;
    this.changed = changed;
  }

  /**
   * Ends the calls: on return none is under way, except the one it is closed
   * in. Closing the client does it too.
   */
  @Override
  public void close() {
    client.end(this);
  }

  // Called by vouch_jni.c, on the thread that saved or synced: what the app
  // throws must not look like a save that failed.
  void told(byte[] events) {
    synchronized (this) {
      if (closed) return;
    }
    try {
      changed.accept(RecordEventList.parseFrom(events).getEventsList());
    } catch (InvalidProtocolBufferException | RuntimeException e) {
      final Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }
  }

  synchronized void opened(long opened) {
    handle = opened;
  }

  // What there is to free, once.
  synchronized long taken() {
    final long mine = handle;
    handle = 0;
    closed = true;
    return mine;
  }
}
