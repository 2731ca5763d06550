/**
 * Everything that a page runs.
 *
 * @module
 */

/// <reference lib="dom" />
import { startLive } from "./main.ts";
import { startTheme } from "./theme.ts";
import { followRun } from "./follow.ts";

startTheme();
followRun();
if (document.getElementById("live-data")) await startLive();
