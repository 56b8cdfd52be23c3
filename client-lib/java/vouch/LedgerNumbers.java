package vouch;

/**
 * captured = stored + held + pending, counted apart from each other.
 *
 * @param captured changes made on this tablet
 * @param stored of those: at the centre, applied
 * @param held at the centre, held for review
 * @param pending on this tablet only
 * @param pulled changes of others, held here
 * @param balanced whether the sum is right
 */
public record LedgerNumbers(
    long captured, long stored, long held, long pending, long pulled,
    boolean balanced) {}
