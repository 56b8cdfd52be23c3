package vouch;

/**
 * What a sync did.
 *
 * @param pushed changes acknowledged
 * @param pulled entries of the centre's log passed
 * @param restored of the pushed: the centre had lost them
 * @param noLongerSafe had been safe, until the centre was put back
 * @param logSize of the centre, as pulled to
 * @param recovered a restore of either side was made good
 * @param conflicts open now
 * @param held changes held for review now
 */
public record SyncReport(
    long pushed, long pulled, long bytesSent, long bytesReceived,
    long restored, long noLongerSafe, long logSize, boolean recovered,
    int conflicts, int held) {
  static SyncReport of(long[] numbers) {
    return new SyncReport(
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5],
        numbers[6], numbers[7] != 0, (int) numbers[8], (int) numbers[9]);
  }
}
