//! The three faces: site, service API, console
