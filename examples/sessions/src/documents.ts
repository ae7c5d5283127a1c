export const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { viewer { id name } userErrors { code message } }
}`;
export const NAME = `query Name { viewer { id name } }`;
export const RENAME = `mutation Rename($input: UpdateViewerInput!) {
  updateViewer(input: $input) { viewer { id name } userErrors { code message } }
}`;
export const SIGN_OUT = `mutation SignOut($input: SignOutInput!) {
  signOut(input: $input) { endedCount }
}`;

/** The steps of the example, the same for each client. */
export interface FrontEnd {
  /** Returns the messages for the person who signs in: none after a success. */
  signIn(email: string, password: string): Promise<string[]>;
  name(): Promise<string>;
  rename(name: string): Promise<string>;
  signOut(): Promise<void>;
}

export const messages = (errors: readonly { readonly message: string }[]) => errors.map(({ message }) => message);
