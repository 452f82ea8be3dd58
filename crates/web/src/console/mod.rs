//! The console, for staff. Nothing personal is on these pages: leaves hold none.

pub mod enter;
pub mod home;
pub mod leaves;

/// The parts of the console: path and key of the title, in the order of the menu.
pub const PARTS: [(&str, &str); 2] = [("/", "part-today"), ("/leaves", "part-leaves")];
