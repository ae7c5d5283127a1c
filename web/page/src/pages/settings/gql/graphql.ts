/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** State of an API key. */
export type ApiKeyState =
  /** The key works if its user is active. */
  | 'ACTIVE'
  /** The key has reached its time of expiry and is refused. */
  | 'EXPIRED'
  /** The key was revoked and is refused. */
  | 'REVOKED'
  | '%future added value';

/** Input for changing the password of the viewer. */
export type ChangePasswordInput = {
  /** Current password of the viewer. */
  currentPassword: string;
  /** New password of the viewer, 12 to 200 characters. */
  newPassword: string;
};

/** Input for creating an API key of the viewer. */
export type CreateApiKeyInput = {
  /** Time from which the key is refused. Must be in the future, and not after the expiry of the calling API key. A session sets no bound. Defaults to the expiry of the calling key, if it has one. */
  expiresAt?: string | null | undefined;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Purpose of the key, 1 to 200 characters. */
  name: string;
  /** Scopes of the key, at least one, all of which the calling API key or session must have. A key without any `read:` or `write:` scope also gets the scopes to read keywords, mentions, leads and integrations. `read:keywords`: Read keywords. `read:mentions`: Read mentions and their analyses. `read:leads`: Read leads and their history. `read:integrations`: Read integrations and their logs. `write:keywords`: Create, change and delete keywords. `write:mentions`: Ingest and triage mentions, and record their analyses. `write:leads`: Create, change and delete leads. `write:integrations`: Connect, change and disconnect integrations, and record their runs. `write:settings`: Change the name, the time zone and the first day of the week of the user. `read:keys`: Read API keys of the user, without their secrets. `write:keys`: Create, rotate and revoke API keys of the user, with no more than the scopes of the key itself. `read:webhooks`: Read webhooks of the user, without their secrets, and their deliveries. `write:webhooks`: Create, change, test, replay and delete webhooks of the user, with no more than the scopes of the key itself. `write:users`: Create, suspend, resume and delete users. Works for operators only. `bulk:read`: Read pages of up to 1,000 rows of root lists. */
  scopes: Array<string>;
};

/** Input for revoking an API key. */
export type RevokeApiKeyInput = {
  /** Global ID of the API key, which must be the viewer's own. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for ending a session of the viewer. */
export type RevokeSessionInput = {
  /** ID of the session, from `sessions`. */
  sessionId: string;
};

/** Input for replacing an API key of the viewer by a new one. */
export type RotateApiKeyInput = {
  /** Time from which the new key is refused. Must be in the future, and not after the expiry of the calling API key. A session sets no bound. Defaults to the expiry of the existing key or of the calling key, whichever is earlier. */
  expiresAt?: string | null | undefined;
  /** Global ID of the API key, which must be the viewer's own. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Seconds until the existing key expires, 0 to 7,776,000. An earlier expiry of the existing key stays. */
  overlapSeconds?: number | null | undefined;
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

export type SettingsKeysQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type SettingsKeysQuery = { apiKeys: { __typename: 'ApiKeyConnection', totalCount: number, nodes: Array<{ __typename: 'ApiKey', id: string, name: string, prefix: string, scopes: Array<string>, state: ApiKeyState, createdAt: string, expiresAt: string | null, lastUsedAt: string | null }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } | null };

export type SettingsCreateKeyMutationVariables = Exact<{
  input: CreateApiKeyInput;
}>;


export type SettingsCreateKeyMutation = { createApiKey: { __typename: 'CreateApiKeyPayload', secret: string | null, apiKey: { __typename: 'ApiKey', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SettingsRotateKeyMutationVariables = Exact<{
  input: RotateApiKeyInput;
}>;


export type SettingsRotateKeyMutation = { rotateApiKey: { __typename: 'RotateApiKeyPayload', secret: string | null, apiKey: { __typename: 'ApiKey', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SettingsRevokeKeyMutationVariables = Exact<{
  input: RevokeApiKeyInput;
}>;


export type SettingsRevokeKeyMutation = { revokeApiKey: { __typename: 'RevokeApiKeyPayload', apiKey: { __typename: 'ApiKey', id: string, state: ApiKeyState } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SettingsChangePasswordMutationVariables = Exact<{
  input: ChangePasswordInput;
}>;


export type SettingsChangePasswordMutation = { changePassword: { __typename: 'ChangePasswordPayload', viewer: { __typename: 'User', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SettingsProfileQueryVariables = Exact<{ [key: string]: never; }>;


export type SettingsProfileQuery = { viewer: { __typename: 'User', id: string, email: string, name: string, timeZone: string, weekStart: Weekday } | null };

export type SettingsSaveMutationVariables = Exact<{
  input: UpdateViewerInput;
}>;


export type SettingsSaveMutation = { updateViewer: { __typename: 'UpdateViewerPayload', viewer: { __typename: 'User', id: string, name: string, timeZone: string, weekStart: Weekday } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SettingsSessionsQueryVariables = Exact<{ [key: string]: never; }>;


export type SettingsSessionsQuery = { sessions: Array<{ __typename: 'Session', sessionId: string, address: string, userAgent: string, createdAt: string, lastUsedAt: string, expiresAt: string, current: boolean }> | null };

export type SettingsRevokeSessionMutationVariables = Exact<{
  input: RevokeSessionInput;
}>;


export type SettingsRevokeSessionMutation = { revokeSession: { __typename: 'RevokeSessionPayload', endedCount: number, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type SettingsSignOutEverywhereMutationVariables = Exact<{ [key: string]: never; }>;


export type SettingsSignOutEverywhereMutation = { signOut: { __typename: 'SignOutPayload', endedCount: number, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

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

export const SettingsKeysDocument = new TypedDocumentString(`
    query SettingsKeys($first: Int!, $after: String) {
  apiKeys(first: $first, after: $after) {
    totalCount
    nodes {
      id
      name
      prefix
      scopes
      state
      createdAt
      expiresAt
      lastUsedAt
      __typename
    }
    pageInfo {
      hasNextPage
      endCursor
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:a31de23dac1788f2e86a247ed9c8e0840bc8a34a2ca01c66ea79ad5c4452f8f7"}) as unknown as TypedDocumentString<SettingsKeysQuery, SettingsKeysQueryVariables>;
export const SettingsCreateKeyDocument = new TypedDocumentString(`
    mutation SettingsCreateKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    secret
    apiKey {
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
    `, {"hash":"sha256:9790a0271439b18fee2c844d0ad66b0817cde598bbc39d5572309093051019fd"}) as unknown as TypedDocumentString<SettingsCreateKeyMutation, SettingsCreateKeyMutationVariables>;
export const SettingsRotateKeyDocument = new TypedDocumentString(`
    mutation SettingsRotateKey($input: RotateApiKeyInput!) {
  rotateApiKey(input: $input) {
    secret
    apiKey {
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
    `, {"hash":"sha256:d9cbed4ecccbcbcc99b5d65f08875d3126ab1021ab75eb9db017e4859c36843a"}) as unknown as TypedDocumentString<SettingsRotateKeyMutation, SettingsRotateKeyMutationVariables>;
export const SettingsRevokeKeyDocument = new TypedDocumentString(`
    mutation SettingsRevokeKey($input: RevokeApiKeyInput!) {
  revokeApiKey(input: $input) {
    apiKey {
      id
      state
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
    `, {"hash":"sha256:a76cab4d8fa7a6159c174bcb563f9955d7f72e0f4d38c8e20f88bf04fa8cf593"}) as unknown as TypedDocumentString<SettingsRevokeKeyMutation, SettingsRevokeKeyMutationVariables>;
export const SettingsChangePasswordDocument = new TypedDocumentString(`
    mutation SettingsChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) {
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
    `, {"hash":"sha256:38013792c10d4ff25f2d2e795df54c7c1cce6f5767062d722c1e0065b2b68d34"}) as unknown as TypedDocumentString<SettingsChangePasswordMutation, SettingsChangePasswordMutationVariables>;
export const SettingsProfileDocument = new TypedDocumentString(`
    query SettingsProfile {
  viewer {
    id
    email
    name
    timeZone
    weekStart
    __typename
  }
}
    `, {"hash":"sha256:edf4d38db0b5b7c27d9ccdf86ed12f7e04d0530a1110b19f3a6cacf255ec21e4"}) as unknown as TypedDocumentString<SettingsProfileQuery, SettingsProfileQueryVariables>;
export const SettingsSaveDocument = new TypedDocumentString(`
    mutation SettingsSave($input: UpdateViewerInput!) {
  updateViewer(input: $input) {
    viewer {
      id
      name
      timeZone
      weekStart
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
    `, {"hash":"sha256:87b9942905dd36fb21b5aae4c0c33833bf4c9875ca9a796b5cf5f6ffac20d2fe"}) as unknown as TypedDocumentString<SettingsSaveMutation, SettingsSaveMutationVariables>;
export const SettingsSessionsDocument = new TypedDocumentString(`
    query SettingsSessions {
  sessions {
    sessionId
    address
    userAgent
    createdAt
    lastUsedAt
    expiresAt
    current
    __typename
  }
}
    `, {"hash":"sha256:14b4d7dde5292c3c80ab958cc183167e026c4980e4f1e897b6303c4fb6f8c380"}) as unknown as TypedDocumentString<SettingsSessionsQuery, SettingsSessionsQueryVariables>;
export const SettingsRevokeSessionDocument = new TypedDocumentString(`
    mutation SettingsRevokeSession($input: RevokeSessionInput!) {
  revokeSession(input: $input) {
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
    `, {"hash":"sha256:cbb1ff8852bf33501ad076134bd73132247462ba91d899ee7b583c05a2b2a594"}) as unknown as TypedDocumentString<SettingsRevokeSessionMutation, SettingsRevokeSessionMutationVariables>;
export const SettingsSignOutEverywhereDocument = new TypedDocumentString(`
    mutation SettingsSignOutEverywhere {
  signOut(input: {everywhere: true}) {
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
    `, {"hash":"sha256:7e8e7d895b3c2fa639826ea4f7b6768fb8f744f08688503d9a42744efc30efa8"}) as unknown as TypedDocumentString<SettingsSignOutEverywhereMutation, SettingsSignOutEverywhereMutationVariables>;