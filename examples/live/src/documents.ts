/** The list with the cursor that follows its snapshot. */
export const NEWEST = `
  query Newest {
    mentions(first: 5) {
      nodes {
        id
        externalId
      }
      pageInfo {
        changesAfter
      }
    }
  }
`;

/** A subscription that can resume has `$after`, and selects `cursor`. */
export const ADDED = `
  subscription Added($after: String) {
    mentionAdded(after: $after) {
      mentions {
        id
        externalId
      }
      cursor
    }
  }
`;

export const TOTAL = `
  query Total @live {
    keywords {
      totalCount
    }
  }
`;

export const CREATE = `
  mutation Create($keyword: String!) {
    createKeyword(input: { keyword: $keyword }) {
      keyword {
        id
        keyword
      }
      userErrors {
        code
      }
    }
  }
`;
