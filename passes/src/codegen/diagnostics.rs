//! Collects the diagnostics that MLIR emits on a context, so that nothing is printed.

use std::{cell::RefCell, rc::Rc};

use melior::{
    Context,
    diagnostic::{Diagnostic, DiagnosticHandlerId, DiagnosticSeverity},
};

/// While alive, every diagnostic of the context goes here.
pub struct Diagnostics<'c> {
    context: &'c Context,
    handler: Option<DiagnosticHandlerId>,
    messages: Rc<RefCell<Vec<String>>>,
}

impl<'c> Diagnostics<'c> {
    /// Attaches a handler to `context`; dropping the value detaches it.
    ///
    /// The handler is not synchronized: the context's threading must be disabled.
    pub fn collect(context: &'c Context) -> Self {
        let messages = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&messages);
        let handler = context.attach_diagnostic_handler(move |diagnostic| {
            if matches!(diagnostic.severity(), DiagnosticSeverity::Error) {
                let mut text = render(&diagnostic);
                for note in (0..diagnostic.note_count()).filter_map(|i| diagnostic.note(i).ok()) {
                    text.push_str("; note: ");
                    text.push_str(&render(&note));
                }
                sink.borrow_mut().push(text);
            }
            true
        });
        Self { context, handler: Some(handler), messages }
    }

    /// The errors collected so far; the collection is empty afterwards.
    pub fn take(&self) -> Vec<String> {
        self.messages.take()
    }
}

impl Drop for Diagnostics<'_> {
    fn drop(&mut self) {
        if let Some(handler) = self.handler.take() {
            self.context.detach_diagnostic_handler(handler);
        }
    }
}

/// `location: message`, shortened: a whole function printed into a message helps nobody.
fn render(diagnostic: &Diagnostic) -> String {
    const LONGEST: usize = 600;
    let message = diagnostic.to_string();
    let short = match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &message[..end]),
        None => message,
    };
    format!("{}: {short}", diagnostic.location())
}
