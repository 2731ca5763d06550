import { testClaims } from "../_claims.ts";

// Published numbers only: it claims nothing.
testClaims("fig17", {});
