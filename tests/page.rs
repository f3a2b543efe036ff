//! `schema`: the pages of made-up seals and of the real ones, whole.

mod support;

use std::collections::BTreeMap;

use dsentr_migrate::check::seal::Seal;
use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use dsentr_migrate::page::PageFormat;
use dsentr_migrate::source::TableLock;
use support::executable::dsentr;
use support::golden::golden;
use support::library::Library;

const FILES: [(&str, &str); 4] = [
    (
        "2025_01_01_1_create_users.sql",
        "-- Users <script>alert(1)</script> & *others* | `all` of them.\n-- Second line.\nCREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\n\n-- Rollback:\n--   DROP TABLE users;\n--   -- Data loss: all users.\n",
    ),
    (
        "2025_01_02_1_create_orders.sql",
        "-- What users have ordered.\nCREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY);\n\n-- Irreversible: nobody < 1 keeps \"them\".\n",
    ),
    (
        "2025_01_03_1_touch.sql",
        "-- Nothing much.\nUPDATE users SET id = id;\n\n-- Nothing to undo: it changes nothing.\n",
    ),
    (
        "2025_01_04_1_index.sql",
        "-- Users are listed by number.\n-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS users_idx ON public.users (id);\n\n-- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.users_idx;\n",
    ),
];

/// Made up, with names and definitions that every format has to escape.
fn sealed(seal: Seal) -> Seal {
    let owned = |rows: &[(&str, &str)]| -> BTreeMap<String, String> {
        let rows = rows.iter();
        rows.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    match seal.stem.as_str() {
        "2025_01_01_1_create_users" => Seal {
            proven_on: [13, 18].into(),
            added: owned(&[
                ("table users", "table"),
                ("column users.a", "integer"),
                (
                    "column users.id",
                    "integer not null generated always as identity",
                ),
                (
                    "column users.\"O<d|d`.x\"",
                    "text collate \"C\" not null default 'a | <b> ` \\'::text",
                ),
                ("column users.referrer", "integer"),
                ("comment on table users", "Who <logs> in.\nOr has."),
                ("comment on column users.a", "an *a* | b"),
                ("constraint users.users_pkey", "PRIMARY KEY (id)"),
                (
                    "constraint users.users_referrer_fkey",
                    "FOREIGN KEY (referrer) REFERENCES users(id)",
                ),
                ("constraint users.a_check", "CHECK ((a < 5) AND (a > 1))"),
                ("constraint users.a_key", "UNIQUE (a)"),
                ("privileges on table users for reader", "SELECT"),
                ("enum mood", "'sad', 'it''s <fine>'"),
                ("extension pgcrypto", "in schema public"),
                ("table \"Lone & only\"", "unlogged table"),
            ]),
            ..seal
        },
        "2025_01_02_1_create_orders" => Seal {
            proven_on: [18].into(),
            locks: [
                ("users".to_owned(), TableLock::ShareRowExclusive),
                ("\"Lone & only\"".to_owned(), TableLock::AccessExclusive),
            ]
            .into(),
            rewrites: ["users".to_owned()].into(),
            added: owned(&[
                ("table orders", "table"),
                ("column orders.id", "integer not null"),
                ("column orders.user_id", "integer not null"),
                ("constraint orders.orders_pkey", "PRIMARY KEY (user_id, id)"),
                (
                    "constraint orders.orders_user_id_fkey",
                    "FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE",
                ),
                (
                    "constraint users.users_first_fkey",
                    "FOREIGN KEY (a, id) REFERENCES orders(user_id, id)",
                ),
                ("index orders.orders_open", "btree (id) WHERE (id > 3)"),
                (
                    "trigger orders.touch",
                    "BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()",
                ),
                ("table lines", "table"),
                ("column lines.order_id", "integer"),
                ("column lines.user_id", "integer"),
                (
                    "constraint lines.to_order",
                    "FOREIGN KEY (user_id, order_id) REFERENCES orders(user_id, id)",
                ),
                (
                    "constraint lines.to_user",
                    "FOREIGN KEY (user_id) REFERENCES users(id)",
                ),
                (
                    "function touch()",
                    "()\n RETURNS trigger\nAS $function$ -- ```<a>```\n$function$",
                ),
                ("view happy", "SELECT a FROM users WHERE (a < 2);"),
                ("column happy.a", "integer"),
            ]),
            ..seal
        },
        _ => Seal {
            dropped: ["column users.gone".to_owned()].into(),
            ..seal
        },
    }
}

async fn page(library: &Library, format: PageFormat) -> String {
    let command = Command::Schema { format };
    let ended = library.run_with(&[], command, Format::Text).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    ended.stdout
}

fn printed(format: &str) -> String {
    // No setting of a connection is looked at.
    let run = dsentr(&["schema", "--format", format])
        .env("DATABASE_URL", "nonsense")
        .run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    run.stdout
}

#[tokio::test]
async fn every_format_shows_all_and_escapes_it() {
    let library = Library::sealed(&FILES, |seal| Some(sealed(seal)));
    for (format, file) in [
        (PageFormat::Markdown, "page.md"),
        (PageFormat::Html, "page.html"),
        (PageFormat::Mermaid, "page.mermaid"),
        (PageFormat::Dot, "page.dot"),
    ] {
        golden(file, &page(&library, format).await);
    }
}

#[tokio::test]
async fn without_a_seal_there_is_no_page() {
    let library = Library::sealed(&FILES, |seal| {
        (!seal.stem.ends_with("touch")).then_some(seal)
    });
    let command = Command::Schema {
        format: PageFormat::Html,
    };
    let ended = library.run_with(&[], command, Format::Text).await;
    golden("page_unsealed.txt", &ended.text());
}

#[test]
fn the_page_in_the_repository_is_fresh() {
    golden("../../docs/schema.md", &printed("markdown"));
    golden("page_dsentr.mermaid", &printed("mermaid"));
    golden("page_dsentr.dot", &printed("dot"));
}

#[test]
fn the_page_for_a_browser_needs_no_network_and_leads_nowhere_else() {
    let page = printed("html");
    assert_eq!(page, printed("html"));
    for foreign in [
        "<script", "<link", "<img", "src=", "@import", "http:", "https:",
    ] {
        let namespace = "http://www.w3.org/2000/svg";
        assert!(!page.replace(namespace, "").contains(foreign), "{foreign}");
    }
    for link in page.split("href=\"").skip(1) {
        let id = link.split('"').next().and_then(|to| to.strip_prefix('#'));
        let id = id.expect("a link to a place in the page");
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
}
