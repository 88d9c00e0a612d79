declare module "emoji:table" {
  /** `name=character` pairs, separated by spaces. */
  const table: string;
  export default table;
}
