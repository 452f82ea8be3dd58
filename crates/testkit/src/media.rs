//! Pictures and videos as cameras and as the wicked make them.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};

/// A picture of some colours, wider than high, in the format.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixel = |x: u32, y: u32| image::Rgb([(x % 256) as u8, (y % 256) as u8, ((x + y) % 256) as u8]);
    let mut out = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel)).write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// The bytes of a GPS latitude of 31° 14′ 29.97″ as EXIF writes it: three fractions.
pub const LATITUDE: [u8; 24] = [0, 0, 0, 31, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 11, 181, 0, 0, 0, 100];

/// A JPEG as a telephone makes it: held upright (turned by a quarter), with its position and `note` in EXIF.
pub fn jpeg_with_position(note: &str, width: u32, height: u32) -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
    let text = [note.as_bytes(), b"\0"].concat();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    // The first directory: three entries; behind it the text, the second directory and its fractions.
    let text_at: u32 = 8 + 2 + 3 * 12 + 4;
    let gps_at = text_at + text.len() as u32;
    tiff.extend(3_u16.to_be_bytes());
    tiff.extend(entry(0x010e, 2, text.len() as u32, text_at.to_be_bytes()));
    tiff.extend(entry(0x0112, 3, 1, [0, 6, 0, 0]));
    tiff.extend(entry(0x8825, 4, 1, gps_at.to_be_bytes()));
    tiff.extend(0_u32.to_be_bytes());
    tiff.extend(&text);
    tiff.extend(2_u16.to_be_bytes());
    tiff.extend(entry(1, 2, 2, [b'N', 0, 0, 0]));
    tiff.extend(entry(2, 5, 3, (gps_at + 2 + 2 * 12 + 4).to_be_bytes()));
    tiff.extend(0_u32.to_be_bytes());
    tiff.extend(LATITUDE);
    let body = [b"Exif\0\0".as_slice(), &tiff].concat();
    let plain = picture(width, height, ImageFormat::Jpeg);
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&plain[..2], b"\xff\xe1", &length, &body, &plain[2..]].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
    })
}

/// A PNG with a chunk of one's own before its pixels.
pub fn png_with_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let plain = picture(20, 10, ImageFormat::Png);
    let named = [kind.as_slice(), body].concat();
    let chunk = [&(body.len() as u32).to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat();
    // After the signature and the header, which is 25 bytes.
    [&plain[..33], &chunk, &plain[33..]].concat()
}

/// A PNG whose header says that it is this large.
pub fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut png = picture(20, 10, ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&crc);
    png
}

/// One box of an MP4.
pub fn mp4_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

fn hdlr(kind: &[u8; 4], name: &str) -> Vec<u8> {
    mp4_box(b"hdlr", &[&[0; 8][..], kind, &[0; 12], name.as_bytes(), b"\0"].concat())
}

fn track(kind: &[u8; 4], name: &str) -> Vec<u8> {
    let times = [&[0; 4][..], &[0x11; 8], &[0; 12]].concat();
    let stbl = mp4_box(b"stbl", &mp4_box(b"stsd", &[0; 8]));
    let minf = mp4_box(b"minf", &[mp4_box(b"vmhd", &[0; 12]), stbl].concat());
    let mdia = mp4_box(b"mdia", &[mp4_box(b"mdhd", &times), hdlr(kind, name), minf].concat());
    mp4_box(b"trak", &[mp4_box(b"tkhd", &[&[0; 4][..], &[0x22; 8], &[0; 72]].concat()), mdia].concat())
}

/// The head of a video of `size` bytes in all, whose pixels are the rest: position, device and `note` beside them.
/// `other` is the kind of a second track, `soun` for sound.
pub fn video_head(size: u64, note: &str, other: &[u8; 4]) -> Vec<u8> {
    let place = mp4_box(b"\xa9xyz", &[b"\0\x12\x15\xc7", note.as_bytes()].concat());
    let meta = mp4_box(b"meta", &[&[0; 4][..], &hdlr(b"mdta", note), &mp4_box(b"ilst", note.as_bytes())].concat());
    let moov = [
        mp4_box(b"mvhd", &[&[0; 4][..], &[0x33; 8], &[0; 88]].concat()),
        track(b"vide", note),
        track(other, note),
        mp4_box(b"udta", &place),
        meta,
    ]
    .concat();
    let mut head = [
        mp4_box(b"ftyp", b"isom\0\0\x02\0isommp41"),
        mp4_box(b"uuid", note.as_bytes()),
        mp4_box(b"moov", &moov),
        mp4_box(b"XMP_", note.as_bytes()),
    ]
    .concat();
    // A large box: its size in eight bytes.
    let rest = size - head.len() as u64;
    head.extend([&1_u32.to_be_bytes()[..], b"mdat", &rest.to_be_bytes()].concat());
    head
}

/// The byte of a video's pixels at a place, so that a stream of any length can be made and compared.
pub fn pixel(at: u64) -> u8 {
    (at ^ at >> 8 ^ at >> 16 ^ at >> 24) as u8
}

/// A whole video, for small ones.
pub fn video(size: u64, note: &str, other: &[u8; 4]) -> Vec<u8> {
    let mut out = video_head(size, note, other);
    let from = out.len() as u64;
    out.extend((from..size).map(pixel));
    out
}
