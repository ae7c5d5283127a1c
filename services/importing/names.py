"""The known column names of each field, in the order in which a row's values are tried."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

FIELDS = ("id", "platform", "kind", "title", "content", "url", "author", "language", "published", "likes", "comments")  # fmt: skip
"""The fields of a post that a column can fill, in the order of reports."""

ALIASES = {"text": "content", "body": "content", "date": "published"}
"""Other names of fields in options."""

KEYWORD, THREAD, PARENT = "keyword", "thread", "parent"
"""Columns that are no field of a post: its keyword in an export, the thread of its address, its parent."""

# Plain names (see `plain`): lower case, without "_", "-", ":" and spaces. A dot leads into an object.
_KNOWN = {
    "id": (
        "externalid idstr objectid id ids commentid replyid tweetid statusid postid reviewid answerid questionid "
        "messageid restid guid uri cid videoid urn shortcode permalink link url mentionlink mentionurl lien länk enlace"
    ),
    "platform": "platform",
    "kind": "kind type datatype",
    "title": (
        "title headline subject posttitle videotitle reviewtitle articletitle titel titre titulo título snippet.title snippet.toplevelcomment.snippet.title"
    ),
    "content": (
        "extendedtweet.fulltext notetweet.text legacy.fulltext fulltext commenttext storytext selftext "
        "body bodytext contenttext contenthtml content contentencoded text record.text commit.record.text "
        "snippet.toplevelcomment.snippet.textoriginal snippet.toplevelcomment.snippet.textdisplay "
        "snippet.textoriginal snippet.textdisplay textoriginal textdisplay message story rawcontent "
        "renderedcontent posttext posttext commentbody commenttext reviewtext tweettext tweetcontent comment "
        "tweet review caption commentary selftexthtml bodyhtml description snippet.description summary "
        "contentsnippet excerpt cooked openingtext hitsentence mentiontext snippet abstract blurb tagline texte texto "
        "inhalt contenu nachricht innehåll kommentar commentaire"
    ),
    "url": (
        "permalink permalinkurl htmlurl posturl commenturl tweeturl statusurl canonicalurl url link href "
        "address externalurl pageurl videourl weburl uri guid facebookurl twitterurl "
        "reviewurl articleurl mentionurl mentionlink sourceurl webvideourl apid lien länk enlace"
    ),
    "author": (
        "author authorname user by username userscreenname screenname authorusername authordisplayname "
        "snippet.toplevelcomment.snippet.authordisplayname snippet.authordisplayname creator dccreator "
        "authors account handle from owner ownerusername postauthor commenter nickname actor sender "
        "attributedto authormeta influencer autor auteur verfasser författare core.userresults.result.legacy snippet.channeltitle channelname channeltitle"
    ),
    "language": "language lang langs record.langs commit.record.langs inlanguage snippet.defaultlanguage",
    "published": (
        "publishedat datepublished published createdutc createdat createdtime createdon created "
        "record.createdat commit.record.createdat snippet.toplevelcomment.snippet.publishedat "
        "snippet.publishedat legacy.createdat date timestamp time datetime isodate pubdate dcdate createdati "
        "timestampms postedatiso postedattimestamp publishedatdate dateunixtime createtimeiso timeparsed postedat postdate posttime postcreated publishdate publishedtime publishtime "
        "publicationdate createtime createdate creationdate datecreated commentdate tweetcreated "
        "tweetdate mentiondate reviewdate articledate ts datum fecha indexedat updated"
    ),
    "likes": (
        "numpoints points score likes likecount likescount numlikes favoritecount favouritecount "
        "favoritescount favouritescount favorites upvotes ups upvotecount votes votecount "
        "publicmetrics.likecount statistics.likecount snippet.toplevelcomment.snippet.likecount "
        "snippet.likecount legacy.favoritecount reactions reactionscount reactioncount "
        "publicreactionscount positivereactionscount votescount gefälltmir jaime gillar nlikes nblikes diggcount heartcount"
    ),
    "comments": (
        "numcomments comments commentcount commentscount numberofcomments descendants replycount "
        "repliescount replies totalreplycount snippet.totalreplycount publicmetrics.replycount "
        "statistics.commentcount legacy.replycount answercount numberofreplies slashcomments articleextendedattributes.numcomments kommentare "
        "commentaires kommentarer nreplies numreplies nbcomments"
    ),
    KEYWORD: "keywordid",
    THREAD: "linkid snippet.videoid snippet.toplevelcomment.snippet.videoid videoid",
    PARENT: (
        "linkid parentid parent inreplytostatusidstr inreplytostatusid inreplytoid record.reply "
        "snippet.parentid"
    ),
}
# The names inside an object that hold the value itself.
_INNER = {
    "id": "t oid videoid commentid numberlong value text rendered",
    "title": "rendered text value t plain",
    "content": "rendered text value t plain html content raw",
    "url": "href t url web text value rendered alternate",
    "author": (
        "screenname username login acct handle preferredusername displayname name fullname nickname title "
        "text value name.t t"
    ),
    "published": "t date numberlong date.numberlong seconds utc iso time timestamp value text",
    "likes": "totalcount summary.totalcount count total value",
    "comments": "totalcount summary.totalcount count total totalitems value",
}
# Objects that hold a whole post.
_WRAPPERS = frozenset({"tweet", "data", "post", "source", "node", "item", "status", "object", "payload", "comment", "issue"})  # fmt: skip
_MOST_WRAPPERS = 2
_BEHIND = 100_000
_SUMMARIES = ("description", "summary", "message", "comment")

_NOT_PLAIN = re.compile(r"[^\w.]|_")
_FIRST_ELEMENT = re.compile(r"\.0(?=\.|$)")


def _ranks(field: str) -> dict[str, int]:
    ranks: dict[str, int] = {}
    inner = _INNER.get(field, "").split()
    for name in _KNOWN[field].split():
        for path in (name, *(f"{name}.{part}" for part in inner)):
            ranks.setdefault(path, len(ranks))
    return ranks


_RANKS = {field: _ranks(field) for field in _KNOWN}
_ADDRESSES = frozenset(
    ["permalink", "link", "url", "uri", "guid", "mentionlink", "mentionurl", "lien", "länk", "enlace"]
)
OWN_IDS = frozenset(_KNOWN["id"].split()) - _ADDRESSES
"""The plain names of columns that hold an ID alone."""


@lru_cache(maxsize=20_000)
def plain(column: str) -> str:
    """Return the name for comparisons, such as `user.screenname` for `User/screen_name`."""
    path = _NOT_PLAIN.sub("", column.strip().lower().replace("/", "."))
    return _FIRST_ELEMENT.sub("", path).strip(".") or column.strip().lower()


@lru_cache(maxsize=20_000)
def _known(column: str) -> tuple[tuple[str, int], ...]:
    """Return the fields that a column with this name can fill, each with the rank of the name."""
    path, behind = plain(column), 0
    found: dict[str, int] = {}
    for _ in range(_MOST_WRAPPERS + 1):
        for field, ranks in _RANKS.items():
            if path in ranks:
                found.setdefault(field, ranks[path] + behind)
        wrapper, dot, rest = path.partition(".")
        if not dot or wrapper not in _WRAPPERS:
            break
        path, behind = rest, behind + _BEHIND
    return tuple(found.items())


def is_body(column: str) -> bool:
    """Return whether a column can be the text of a post. Titles and descriptions belong to collections, too."""
    return any(field == "content" for field, _ in _known(column)) and not plain(column).endswith(_SUMMARIES)


class ColumnOptions(NamedTuple):
    """The columns that options name for fields, and those that they drop."""

    named: Mapping[str, Sequence[str]] = {}
    ignored: Sequence[str] = ()


ALL_COLUMNS = ColumnOptions()


class Column(NamedTuple):
    """A column of a row: its key in the row's values, and its name in the file."""

    key: Any
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of each field, in the order in which they are tried."""

    columns: Mapping[str, Sequence[Column]]

    def of(self, field: str) -> Sequence[Column]:
        return self.columns.get(field, ())


def plan_of(columns: Iterable[Column], options: ColumnOptions) -> Plan:
    """Return the plan of rows with these columns."""
    present = [column for column in columns if not is_ignored(column.name, options)]
    ranked: dict[str, list[tuple[int, int, Column]]] = {}
    for place, column in enumerate(present):
        for field, rank in _known(column.name):
            if field not in options.named:
                ranked.setdefault(field, []).append((rank, place, column))
    plan: dict[str, Sequence[Column]] = {
        field: [column for _, _, column in sorted(found)] for field, found in ranked.items()
    }
    for field, names in options.named.items():
        plan[field] = [column for name in names for column in named(present, name)]
    return Plan(plan)


def named(columns: Iterable[Column], name: str) -> list[Column]:
    """Return the columns with exactly this name, or else those with the same plain name."""
    columns = list(columns)
    exact = [column for column in columns if column.name.strip() == name.strip()]
    return exact or [column for column in columns if plain(column.name) == plain(name)]


def is_ignored(column: str, options: ColumnOptions) -> bool:
    """Return whether an option drops the column or an object around it."""
    path = plain(column)
    return any(path == plain(name) or path.startswith(plain(name) + ".") for name in options.ignored)
