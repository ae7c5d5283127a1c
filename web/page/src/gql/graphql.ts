/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Input for signing in. */
export type SignInInput = {
  /** E-mail address of the user, in any case. */
  email: string;
  /** Password of the user. */
  password: string;
};

/** Input for changing the viewer's settings. Omitted fields stay unchanged. */
export type UpdateViewerInput = {
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Name of the viewer, at most 200 characters. An empty string removes the name. Null is not allowed. */
  name?: string | null | undefined;
  /** IANA name of the time zone in which the viewer's days begin and end, such as Europe/Berlin. Null is not allowed. */
  timeZone?: string | null | undefined;
  /** First day of the viewer's weeks. Null is not allowed. */
  weekStart?: Weekday | null | undefined;
};

/** Reason why a mutation wrote nothing. */
export type UserErrorCode =
  /** An object with this unique value already exists. */
  | 'ALREADY_EXISTS'
  /** The version of the object differs from the expected version, because the object has been changed. */
  | 'CONFLICT'
  /** The idempotency key was already used with a different input. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** The value is not allowed. The message explains why. */
  | 'INVALID'
  /** The current status of the object does not allow the change. */
  | 'INVALID_TRANSITION'
  /** Another call with the same idempotency key is in progress. Retry later. */
  | 'IN_FLIGHT'
  /** The object does not exist or is not visible to the viewer. */
  | 'NOT_FOUND'
  /** A required value is missing, null or empty. */
  | 'REQUIRED'
  /** The sign-in of the session was too long ago for this mutation. Ask for the password and sign in again. */
  | 'SIGN_IN_REQUIRED'
  /** A string is longer than allowed. */
  | 'TOO_LONG'
  /** A list has more elements than allowed. */
  | 'TOO_MANY'
  /** Too many attempts to sign in failed or are in progress. The message says when to retry. */
  | 'TOO_MANY_ATTEMPTS'
  /** The e-mail address or the password is wrong, or the user is not active. */
  | 'WRONG_CREDENTIALS'
  | '%future added value';

/** Role of a user, which determines the rows that the user may see. */
export type UserRole =
  /** The user may see only the user's own rows. */
  | 'MEMBER'
  /** The user may see the rows of all users. */
  | 'OPERATOR'
  | '%future added value';

/** A day of the week. */
export type Weekday =
  /** Friday, day 5 of the ISO week. */
  | 'FRIDAY'
  /** Monday, day 1 of the ISO week. */
  | 'MONDAY'
  /** Saturday, day 6 of the ISO week. */
  | 'SATURDAY'
  /** Sunday, day 7 of the ISO week. */
  | 'SUNDAY'
  /** Thursday, day 4 of the ISO week. */
  | 'THURSDAY'
  /** Tuesday, day 2 of the ISO week. */
  | 'TUESDAY'
  /** Wednesday, day 3 of the ISO week. */
  | 'WEDNESDAY'
  | '%future added value';

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { __typename: 'User', id: string, name: string, email: string, role: UserRole, timeZone: string } | null };

export type SignOutMutationVariables = Exact<{ [key: string]: never; }>;


export type SignOutMutation = { signOut: { __typename: 'SignOutPayload', endedCount: number, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SetTimeZoneMutationVariables = Exact<{
  input: UpdateViewerInput;
}>;


export type SetTimeZoneMutation = { updateViewer: { __typename: 'UpdateViewerPayload', viewer: { __typename: 'User', id: string, timeZone: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SignInMutationVariables = Exact<{
  input: SignInInput;
}>;


export type SignInMutation = { signIn: { __typename: 'SignInPayload', viewer: { __typename: 'User', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    id
    name
    email
    role
    timeZone
    __typename
  }
}
    `, {"hash":"sha256:e547140abd6f31499d8f35c046afdeab69ad29c1170baf2026f3ee5dcaf9078e"}) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const SignOutDocument = new TypedDocumentString(`
    mutation SignOut {
  signOut(input: {}) {
    endedCount
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:6b3e197821c4feae16a61a91eb1bb95c2ca6fbb11932dcd24e3a2c292a6b783d"}) as unknown as TypedDocumentString<SignOutMutation, SignOutMutationVariables>;
export const SetTimeZoneDocument = new TypedDocumentString(`
    mutation SetTimeZone($input: UpdateViewerInput!) {
  updateViewer(input: $input) {
    viewer {
      id
      timeZone
      __typename
    }
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:09963db60bfd0127b71b12d44d5c7d01c1572ac934082c9bc61ade2424d1fa49"}) as unknown as TypedDocumentString<SetTimeZoneMutation, SetTimeZoneMutationVariables>;
export const SignInDocument = new TypedDocumentString(`
    mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    viewer {
      id
      __typename
    }
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:2a190e0e280174e4d6a7b81d80ce32a4bf10b14b6323a8082a39453440574631"}) as unknown as TypedDocumentString<SignInMutation, SignInMutationVariables>;