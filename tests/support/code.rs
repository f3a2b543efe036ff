//! What the source says of itself: the doc comments that the reference in `docs/` is made from.

use std::path::Path;

use syn::{Attribute, Expr, Field, Fields, Item, Lit, Meta, Type};

/// A source file, parsed.
pub(crate) struct Source(Vec<Item>);

/// A field, a variant or a constant, in the order of the code.
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: String,
    /// The name of its type without `Option`; of a variant, nothing; of a constant, its value.
    pub(crate) kind: String,
    /// Its doc comment as one line.
    pub(crate) says: String,
}

impl Source {
    /// Of a file of this project.
    pub(crate) fn read(path: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text = std::fs::read_to_string(&path).expect("the source is there");
        Self(
            syn::parse_file(&text)
                .expect("what was compiled parses")
                .items,
        )
    }

    /// With the items of another file.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The public fields of a struct.
    pub(crate) fn fields(&self, name: &str) -> Vec<Part> {
        let found = self.0.iter().find_map(|item| match item {
            Item::Struct(item) if item.ident == name => Some(&item.fields),
            _ => None,
        });
        let Some(Fields::Named(fields)) = found else {
            panic!("there is no struct {name} with named fields");
        };
        fields.named.iter().map(field).collect()
    }

    /// The public constants of a module that are numbers: name, number and doc comment.
    pub(crate) fn numbers(&self, module: &str) -> Vec<Part> {
        let found = self.0.iter().find_map(|item| match item {
            Item::Mod(item) if item.ident == module => item.content.as_ref(),
            _ => None,
        });
        let (_, items) = found.expect("there is such a module in the file");
        let number = |item: &Item| {
            let Item::Const(item) = item else { return None };
            let Expr::Lit(value) = item.expr.as_ref() else {
                return None;
            };
            let Lit::Int(number) = &value.lit else {
                return None;
            };
            Some(Part {
                name: item.ident.to_string(),
                kind: number.to_string(),
                says: says(&item.attrs),
            })
        };
        items.iter().filter_map(number).collect()
    }

    /// The words that an enum is read from, each with its doc comment; nothing where it is none.
    pub(crate) fn words(&self, name: &str) -> Option<Vec<Part>> {
        let found = self.0.iter().find_map(|item| match item {
            Item::Enum(item) if item.ident == name => Some(item),
            _ => None,
        })?;
        let is_kebab = renamed(&found.attrs).is_some_and(|case| case == "kebab-case");
        let word = |variant: &syn::Variant| {
            let name = variant.ident.to_string();
            let kebab = || if is_kebab { kebab(&name) } else { name.clone() };
            Part {
                name: renamed(&variant.attrs).unwrap_or_else(kebab),
                kind: String::new(),
                says: says(&variant.attrs),
            }
        };
        Some(found.variants.iter().map(word).collect())
    }
}

fn field(field: &Field) -> Part {
    Part {
        name: field.ident.as_ref().expect("it is named").to_string(),
        kind: kind(&field.ty),
        says: says(&field.attrs),
    }
}

/// The last word of a type's path; of an `Option`, that of what is in it.
fn kind(ty: &Type) -> String {
    let Type::Path(path) = ty else {
        return String::new();
    };
    let last = path.path.segments.last().expect("a path has a last word");
    let inner = match &last.arguments {
        syn::PathArguments::AngleBracketed(inside) if last.ident == "Option" => inside.args.first(),
        _ => None,
    };
    match inner {
        Some(syn::GenericArgument::Type(inner)) => kind(inner),
        _ => last.ident.to_string(),
    }
}

/// The doc comment as one line.
fn says(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(value) = &pair.value else {
            return None;
        };
        match &value.lit {
            Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value().trim().to_owned()),
            _ => None,
        }
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// What `#[serde(rename = "...")]` or `#[serde(rename_all = "...")]` says.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        let read = attribute.parse_nested_meta(|meta| {
            let value: syn::LitStr = meta.value()?.parse()?;
            if meta.path.is_ident("rename") || meta.path.is_ident("rename_all") {
                found = Some(value.value());
            }
            Ok(())
        });
        read.expect("an enum of settings has serde attributes with values");
    }
    found
}

fn kebab(name: &str) -> String {
    let mut word = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.extend(character.to_lowercase());
    }
    word
}
