//! Pictures: known by their content, decoded within limits, and written anew with nothing but their pixels.
//!
//! Keeps promise 1.3. What a camera wrote beside the picture (place, time, device, owner), what stands behind
//! its end, and whatever else the file is at the same time never reach the disk: only pixels are carried over.
//! Of a moving picture the first frame is kept. Colour profiles are dropped too; pixels are taken as sRGB.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader};

/// The largest file taken, in bytes.
pub const LARGEST: u64 = 20 * 1024 * 1024;
/// The most pixels taken.
const PIXELS: u64 = 50_000_000;
/// The longest side taken, in pixels.
const SIDE: u32 = 16_384;
/// The most memory a decoder may ask for, in bytes.
const MEMORY: u64 = 512 * 1024 * 1024;
/// The most a compressed block of metadata may unfold to, in bytes.
const METADATA: usize = 4 * 1024 * 1024;
/// The longer side of the smaller picture, in pixels.
const SMALL: u32 = 480;

/// Why a file is not taken as a picture. The code is a message key, the text is for whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAPicture {
    /// The message key.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub text: &'static str,
}

const SVG: NotAPicture =
    NotAPicture { code: "svg", text: "SVG drawings can hold programs and are not taken; save it as PNG and send that" };
const UNKNOWN: NotAPicture = NotAPicture {
    code: "not-a-picture",
    text: "by its content this is not a JPEG, PNG, WebP or GIF picture; save it as one of these and send that",
};
const HEIC: NotAPicture =
    NotAPicture { code: "heic", text: "HEIC and AVIF pictures cannot be read here; save it as JPEG and send that" };
const BROKEN: NotAPicture =
    NotAPicture { code: "broken-picture", text: "the picture cannot be read; open it, save it anew and send that" };
const HUGE: NotAPicture =
    NotAPicture { code: "huge-picture", text: "the picture has more than 50 million pixels; make it smaller" };
const BOMB: NotAPicture = NotAPicture {
    code: "bomb",
    text: "what is written beside the picture unfolds to far more than a picture needs; save it anew without it",
};

/// A picture as it is kept.
pub struct Cleaned {
    /// The picture.
    pub whole: Vec<u8>,
    /// Its media type.
    pub media: &'static str,
    /// A smaller one of it.
    pub small: Vec<u8>,
    /// The smaller one's media type.
    pub small_media: &'static str,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
}

impl std::fmt::Debug for Cleaned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleaned").field("media", &self.media).finish_non_exhaustive()
    }
}

fn format(bytes: &[u8]) -> Result<ImageFormat, NotAPicture> {
    let at = |from: usize, magic: &[u8]| bytes.get(from..from + magic.len()) == Some(magic);
    if at(0, b"\xff\xd8\xff") {
        return Ok(ImageFormat::Jpeg);
    }
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Ok(ImageFormat::Png);
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return Ok(ImageFormat::Gif);
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok(ImageFormat::WebP);
    }
    if at(4, b"ftyp") && [&b"heic"[..], b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"].iter().any(|b| at(8, b)) {
        return Err(HEIC);
    }
    let head: Vec<u8> = bytes
        .iter()
        .copied()
        .take(4096)
        .filter(|b| !b.is_ascii_whitespace() && *b != 0)
        .map(|b| b.to_ascii_lowercase())
        .collect();
    let marked = head.windows(4).any(|w| w == b"<svg") || head.windows(11).any(|w| w == b"<!doctypesv");
    Err(if marked { SVG } else { UNKNOWN })
}

/// Whether a file is a picture by its content, of a format that is taken or of one that is told apart.
pub(crate) fn looks_like_one(bytes: &[u8]) -> bool {
    format(bytes) != Err(UNKNOWN)
}

/// Refuses a PNG whose compressed metadata unfolds beyond all measure. Nothing of it is kept either way.
fn unfold(png: &[u8]) -> Result<(), NotAPicture> {
    let mut rest = png.get(8..).unwrap_or_default();
    while let Some((head, tail)) = rest.split_at_checked(8) {
        let (length, kind) = head.split_at(4);
        let length = length.try_into().map(u32::from_be_bytes).map_err(|_| BROKEN)?;
        let length = usize::try_from(length).map_err(|_| BROKEN)?;
        let body = tail.get(..length).ok_or(BROKEN)?;
        rest = tail.get(length.saturating_add(4)..).unwrap_or_default();
        let past = |from: usize| body.get(from..).unwrap_or_default();
        let nul = |of: &[u8]| of.iter().position(|b| *b == 0).map_or(of.len(), |at| at + 1);
        let packed = match kind {
            // Keyword, its end, the method, the data.
            b"zTXt" | b"iCCP" => past(nul(body).saturating_add(1)),
            b"iTXt" => {
                let flags = nul(body);
                if body.get(flags) != Some(&1) {
                    continue;
                }
                let language = past(flags.saturating_add(2));
                let keyword = language.get(nul(language)..).unwrap_or_default();
                keyword.get(nul(keyword)..).unwrap_or_default()
            }
            b"IEND" => break,
            _ => continue,
        };
        if let Err(e) = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, METADATA)
            && e.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput
        {
            return Err(BOMB);
        }
    }
    Ok(())
}

fn encode(picture: &DynamicImage, quality: u8, as_png: bool) -> Result<(Vec<u8>, &'static str), NotAPicture> {
    let mut out = Cursor::new(Vec::new());
    if as_png {
        picture.write_to(&mut out, ImageFormat::Png).map_err(|_| BROKEN)?;
        return Ok((out.into_inner(), "image/png"));
    }
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality);
    picture.to_rgb8().write_with_encoder(encoder).map_err(|_| BROKEN)?;
    Ok((out.into_inner(), "image/jpeg"))
}

/// Reads a picture by its content and writes it anew, upright, with a smaller one. Takes processor time in
/// proportion to its pixels: not to be called where others wait.
///
/// # Errors
/// Why it is not taken.
pub fn clean(bytes: &[u8]) -> Result<Cleaned, NotAPicture> {
    let format = format(bytes)?;
    if format == ImageFormat::Png {
        unfold(bytes)?;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let told = |e: image::ImageError| match e {
        image::ImageError::Limits(_) => HUGE,
        _ => BROKEN,
    };
    let mut decoder = reader.into_decoder().map_err(told)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS {
        return Err(HUGE);
    }
    // An orientation that cannot be read is none.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(told)?;
    picture.apply_orientation(orientation);
    let transparent = picture.color().has_alpha();
    let as_png = match format {
        ImageFormat::Jpeg => false,
        ImageFormat::WebP => transparent,
        _ => true,
    };
    let (whole, media) = encode(&picture, 90, as_png)?;
    let small = if picture.width() > SMALL || picture.height() > SMALL {
        picture.thumbnail(SMALL, SMALL)
    } else {
        picture.clone()
    };
    let (small, small_media) = encode(&small, 80, transparent)?;
    Ok(Cleaned { whole, media, small, small_media, width: picture.width(), height: picture.height() })
}
