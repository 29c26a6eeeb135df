//! What a file is, by its own bytes, and the small pictures shown of it. Made here, never taken from a peer (E-065).

use std::io::{BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::LazyLock;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use rialto_model::FileId;
use tokio::fs::File;
use tokio::sync::Semaphore;

use super::Error;
use crate::App;
use crate::access::SessionUser;

/// The largest picture we decode, pixels to a side (client-api 10).
const MAX_SIDE: u32 = 7_680;
/// Bytes decoding one picture may take.
const MAX_MEMORY: u64 = 256 << 20;
/// Decoding is heavy: so many at once.
static DECODERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

/// What a file turned out to be.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) mime_type: String,
    /// 0 unless it is a picture we can show.
    pub(super) width: i64,
    /// 0 unless it is a picture we can show.
    pub(super) height: i64,
}

/// Which small picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// For lists, 120 by 100 pixels at most.
    Thumbnail,
    /// For reading, 1,920 pixels wide at most.
    Preview,
}

impl Size {
    fn suffix(self) -> &'static str {
        match self {
            Self::Thumbnail => ".thumbnail.jpg",
            Self::Preview => ".preview.jpg",
        }
    }

    fn bounds(self) -> (u32, u32) {
        match self {
            Self::Thumbnail => (120, 100),
            Self::Preview => (1_920, 1_920),
        }
    }
}

/// Reads the beginning of a file. Pictures are known by their content, everything else by its name alone.
pub(super) async fn kind(path: PathBuf, name: &str) -> Result<Kind, Error> {
    let by_name = mime_guess::from_path(name).first_or_octet_stream().essence_str().to_owned();
    let joined = tokio::task::spawn_blocking(move || look(&path)).await;
    let found = joined.map_err(std::io::Error::other)??;
    Ok(match found {
        Some((format, width, height)) => {
            Kind { mime_type: format.to_mime_type().to_owned(), width: width.into(), height: height.into() }
        }
        // A picture's name on something that is none: no browser is told that it is one.
        None if by_name.starts_with("image/") && by_name != "image/svg+xml" => {
            Kind { mime_type: "application/octet-stream".to_owned(), width: 0, height: 0 }
        }
        None => Kind { mime_type: by_name, width: 0, height: 0 },
    })
}

fn look(path: &PathBuf) -> std::io::Result<Option<(ImageFormat, u32, u32)>> {
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(64).read_to_end(&mut start)?;
    let Ok(format) = image::guess_format(&start) else { return Ok(None) };
    let reader = ImageReader::with_format(BufReader::new(std::fs::File::open(path)?), format);
    // Only the header is read: a bomb costs nothing here.
    let Ok((width, height)) = reader.into_dimensions() else { return Ok(None) };
    let small = width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE;
    Ok(small.then_some((format, width, height)))
}

/// A small picture of a file, as JPEG. Made at the first request and kept.
///
/// # Errors
/// [`Error::NoPicture`] if none can be made; others as [`super::info`].
pub async fn open(app: &App, actor: &SessionUser, id: &FileId, size: Size) -> Result<File, Error> {
    let file = super::info(app, actor, id).await?;
    if !file.has_preview() {
        return Err(Error::NoPicture);
    }
    if let Some(made) = app.disk.open_picture(id, size.suffix()).await? {
        return Ok(made);
    }
    let permit = DECODERS.acquire().await.map_err(std::io::Error::other)?;
    let path = app.disk.path(id);
    let joined = tokio::task::spawn_blocking(move || make(&path, size)).await;
    drop(permit);
    let bytes = joined.map_err(std::io::Error::other)?.map_err(|error| {
        tracing::info!(%error, file = %id, "no picture could be made of a file");
        Error::NoPicture
    })?;
    app.disk.keep_picture(id, size.suffix(), &bytes).await?;
    app.disk.open_picture(id, size.suffix()).await?.ok_or(Error::NoPicture)
}

/// Decodes a picture within our limits and turns it upright.
pub(super) fn decode(path: &PathBuf) -> image::ImageResult<DynamicImage> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn make(path: &PathBuf, size: Size) -> image::ImageResult<Vec<u8>> {
    let mut picture = decode(path)?;
    let (width, height) = size.bounds();
    if picture.width() > width || picture.height() > height {
        picture = picture.thumbnail(width, height);
    }
    let mut bytes = Cursor::new(Vec::new());
    // JPEG has no transparency.
    DynamicImage::ImageRgb8(on_white(&picture)).write_to(&mut bytes, ImageFormat::Jpeg)?;
    Ok(bytes.into_inner())
}

/// The picture as it looks on a white page.
pub(super) fn on_white(picture: &DynamicImage) -> image::RgbImage {
    let rgba = picture.to_rgba8();
    image::RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, alpha] = rgba.get_pixel(x, y).0;
        let over = |part: u8| {
            let mixed = u16::from(part) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}
