/** The documents from which relay-compiler makes the modules in `__generated__`. */
import { graphql } from "relay-runtime";

graphql`
  mutation relayDocumentsSignInMutation($input: SignInInput!) {
    signIn(input: $input) {
      viewer {
        name
      }
      userErrors {
        message
      }
    }
  }
`;

graphql`
  query relayDocumentsNameQuery {
    viewer {
      name
    }
  }
`;

graphql`
  mutation relayDocumentsRenameMutation($input: UpdateViewerInput!) {
    updateViewer(input: $input) {
      viewer {
        name
      }
    }
  }
`;

graphql`
  mutation relayDocumentsSignOutMutation($input: SignOutInput!) {
    signOut(input: $input) {
      endedCount
    }
  }
`;
