import { use } from "react";
import { useMutation } from "../../api/hooks.ts";
import { ViewerContext } from "../../session/viewer.ts";
import { errorAt, TextField, textOf } from "../../ui/fields.tsx";
import { Form } from "../../ui/FormDialog.tsx";
import { graphql } from "./gql/index.ts";

const CHANGE = graphql(`
  mutation SettingsChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input) {
      viewer {
        id
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const FIELDS = ["currentPassword", "newPassword"] as const;

/** The form that changes the password. */
export function Password() {
  const email = use(ViewerContext)?.email;
  const [change] = useMutation(CHANGE);

  async function submit(form: FormData) {
    const [newPassword, repeated] = [textOf(form, "newPassword"), textOf(form, "repeated")];
    if (newPassword !== repeated) {
      const message = "The two new passwords differ. Type the same password twice.";
      return { payload: null, userErrors: [{ code: "INVALID", message, path: ["input", "newPassword"] }] };
    }
    const input = { currentPassword: textOf(form, "currentPassword"), newPassword };
    return change({ input }, { showsErrors: true, done: "The password is changed. All other sessions have ended." });
  }

  return (
    <section className="card" aria-labelledby="password">
      <h2 id="password">Password</h2>
      <Form action="Change password" shown={FIELDS} submit={submit}>
        {(userErrors) => (
          <>
            {/* Password managers take the account from it. */}
            <input type="text" autoComplete="username" value={email} readOnly hidden />
            <TextField
              label="Current password"
              name="currentPassword"
              type="password"
              autoComplete="current-password"
              error={errorAt(userErrors, "currentPassword")}
            />
            <TextField
              label="New password"
              name="newPassword"
              type="password"
              autoComplete="new-password"
              hint="12 to 200 characters. All other sessions end."
              error={errorAt(userErrors, "newPassword")}
            />
            <TextField label="New password again" name="repeated" type="password" autoComplete="new-password" />
          </>
        )}
      </Form>
    </section>
  );
}
