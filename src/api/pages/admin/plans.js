/** The plans there are, as the server names them, from the least to the most. */

export const PLANS = ["free", "basic", "pro"];
