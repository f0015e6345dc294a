/// What the sign-in page looks like: the host's own, or the one that is built in.
///
/// The page is served with a policy that lets in no script and no style from elsewhere, and none within it.
pub trait SignInTemplate: Send + Sync {
    /// The whole page, as HTML. It has to have a form that sends the field `token` to [`SignInPage::action`] by `POST`, and
    /// the script at [`SignInPage::script`], which fills the field with an id of `token` from the link.
    fn render(&self, page: &SignInPage<'_>) -> String;
}

/// What the page shows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignInPage<'a> {
    /// Where its form goes.
    pub action: &'a str,
    /// Its script.
    pub script: &'a str,
    /// Its style sheet.
    pub style: &'a str,
    /// What it has to say.
    pub notice: Option<SignInNotice>,
    /// Where signing in by the identity provider begins, if there is one, and what it is called.
    pub provider: Option<(&'a str, &'a str)>,
}

/// Why somebody sees the page again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInNotice {
    /// The link was used, has expired, or never was one.
    LinkRefused,
    /// The identity provider didn't vouch for them, or they are no operator.
    IdentityRefused,
    /// Too many attempts failed from where they are.
    TooMany,
    /// The request wasn't made by this page.
    Forged,
    /// It can't be told right now.
    Unavailable,
    /// They have just signed out.
    SignedOut,
}

impl SignInNotice {
    /// What it says.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::LinkRefused => {
                "This link was used, has expired, or never was one. Make another with `tenantry operator link`."
            }
            Self::IdentityRefused => {
                "You couldn't be signed in. Begin again here; if that doesn't help, ask for an account."
            }
            Self::TooMany => "Too many attempts have failed. Wait a minute, and try again.",
            Self::Forged => {
                "The sign-in has to be sent from this page, at the administration's own address."
            }
            Self::Unavailable => "It can't be told right now who you are. Try again in a moment.",
            Self::SignedOut => "You are signed out.",
        }
    }
}

/// The page that is built in.
pub(super) struct BuiltIn;

impl SignInTemplate for BuiltIn {
    fn render(&self, page: &SignInPage<'_>) -> String {
        let SignInPage {
            action,
            script,
            style,
            notice,
            provider,
        } = page;
        let notice = notice.map_or_else(String::new, |notice| {
            format!(
                "<p class=\"notice\" role=\"status\">{}</p>\n",
                escaped(notice.sentence())
            )
        });
        let provider = provider.map_or_else(String::new, |(start, name)| {
            format!(
                "<p><a class=\"button\" href=\"{}\">Sign in with {}</a></p>\n",
                escaped(start),
                escaped(name)
            )
        });
        let (action, script, style) = (escaped(action), escaped(script), escaped(style));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>Sign in · Tenantry</title>\n\
             <link rel=\"stylesheet\" href=\"{style}\">\n<script src=\"{script}\" defer></script>\n</head>\n\
             <body>\n<main>\n<h1>Sign in to Tenantry</h1>\n{notice}{provider}\
             <form method=\"post\" action=\"{action}\">\n<div id=\"token-row\">\n\
             <label for=\"token\">One-time code: what follows # in the link</label>\n\
             <input id=\"token\" name=\"token\" type=\"password\" required minlength=\"64\" maxlength=\"64\" \
             autocomplete=\"off\" spellcheck=\"false\">\n</div>\n\
             <button type=\"submit\">Sign in</button>\n</form>\n</main>\n</body>\n</html>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
