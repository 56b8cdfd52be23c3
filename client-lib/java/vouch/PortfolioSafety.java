package vouch;

import vouch.v1.SafetyState;

/**
 * Records of a registration by how safe each is.
 *
 * @param onThisTablet lost with this tablet
 * @param atTheCentre on the centre's disk
 * @param safe and in a second store
 * @param least that of the least safe one; safe if there is none
 */
public record PortfolioSafety(
    long onThisTablet, long atTheCentre, long safe, SafetyState least) {}
