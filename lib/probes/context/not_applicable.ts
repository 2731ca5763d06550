export { NotApplicableError } from "../../base/errors.ts";
