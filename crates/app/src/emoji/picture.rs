//! Pictures of emoji, made by us of whatever was sent: 128 pixels to a side at most, still or moving. Source: client-api 10,
//! G-50.

use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::PathBuf;
use std::sync::LazyLock;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::imageops::FilterType;
use image::{AnimationDecoder, DynamicImage, Frame, ImageDecoder, ImageFormat, ImageReader, Limits, RgbaImage};
use rialto_model::emoji::{KEPT_SIDE, MAX_BYTES, MAX_SIDE};
use tokio::sync::Semaphore;

/// Bytes decoding one picture may take.
const MAX_MEMORY: u64 = 64 << 20;
/// A moving picture of more keeps its first one.
const MAX_FRAMES: usize = 120;
/// One after the other: people and peers wait for each other here.
static DECODERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));

/// What is kept of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// `image/png`, or `image/gif` for one that moves.
    pub mime_type: &'static str,
    /// The picture.
    pub bytes: Vec<u8>,
}

/// Why nothing can be made of it.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// More than 1 028 pixels to a side.
    #[error("too many pixels to a side")]
    TooWide,
    /// No picture.
    #[error("no picture")]
    NoPicture,
    /// The system failed.
    #[error("the system failed: {0}")]
    Failed(std::io::Error),
}

/// Makes the picture that is kept of the one at `path`.
///
/// # Errors
/// [`Unusable`].
pub(crate) async fn make(path: PathBuf) -> Result<Made, Unusable> {
    let failed = |error: String| Unusable::Failed(std::io::Error::other(error));
    let permit = DECODERS.acquire().await.map_err(|error| failed(error.to_string()))?;
    let joined = tokio::task::spawn_blocking(move || draw(&path)).await;
    drop(permit);
    joined.map_err(|error| failed(error.to_string()))?
}

fn unreadable(error: image::ImageError) -> Unusable {
    tracing::info!(%error, "no emoji could be made of a picture");
    Unusable::NoPicture
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    limits
}

fn draw(path: &PathBuf) -> Result<Made, Unusable> {
    let open = || ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(Unusable::Failed);
    let (width, height) = open()?.into_dimensions().map_err(unreadable)?;
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(Unusable::TooWide);
    }
    let mut reader = open()?;
    if reader.format() == Some(ImageFormat::Gif)
        && let Some(bytes) = moving(path)?
    {
        return Ok(Made { mime_type: "image/gif", bytes });
    }
    reader.limits(limits());
    let still = small(reader.decode().map_err(unreadable)?.into_rgba8());
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(still).write_to(&mut bytes, ImageFormat::Png).map_err(unreadable)?;
    Ok(Made { mime_type: "image/png", bytes: bytes.into_inner() })
}

/// A picture that moves, smaller; None for one that does not, or too much of it.
fn moving(path: &PathBuf) -> Result<Option<Vec<u8>>, Unusable> {
    let file = File::open(path).map_err(Unusable::Failed)?;
    let mut decoder = GifDecoder::new(BufReader::new(file)).map_err(unreadable)?;
    decoder.set_limits(limits()).map_err(unreadable)?;
    let mut frames = Vec::new();
    for frame in decoder.into_frames() {
        if frames.len() == MAX_FRAMES {
            return Ok(None);
        }
        let frame = frame.map_err(unreadable)?;
        let delay = frame.delay();
        frames.push(Frame::from_parts(small(frame.into_buffer()), 0, 0, delay));
    }
    if frames.len() < 2 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    {
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, 20);
        encoder.set_repeat(Repeat::Infinite).map_err(unreadable)?;
        encoder.encode_frames(frames).map_err(unreadable)?;
    }
    let fits = i64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_BYTES);
    Ok(fits.then_some(bytes))
}

fn small(picture: RgbaImage) -> RgbaImage {
    if picture.width() <= KEPT_SIDE && picture.height() <= KEPT_SIDE {
        return picture;
    }
    DynamicImage::ImageRgba8(picture).resize(KEPT_SIDE, KEPT_SIDE, FilterType::Triangle).into_rgba8()
}

/// A picture for tests: a square of one colour.
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::expect_used, reason = "a test without its picture must fail")]
pub fn sample(format: ImageFormat, side: u32, colour: [u8; 3]) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(side, side, image::Rgb(colour));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).expect("the picture is drawn");
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use image::GenericImageView;

    use super::*;

    async fn made(bytes: &[u8]) -> Result<Made, Unusable> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent");
        std::fs::write(&path, bytes).unwrap();
        make(path).await
    }

    fn gif(frames: u16, side: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
        for n in 0..frames {
            let shade = u8::try_from(n % 250).unwrap();
            let picture = RgbaImage::from_pixel(side, side, image::Rgba([shade, 0, 255 - shade, 255]));
            encoder.encode_frame(Frame::new(picture)).unwrap();
        }
        drop(encoder);
        bytes
    }

    /// Client-api 10: whatever comes is drawn anew, 128 pixels to a side at most, in its own proportions.
    #[tokio::test]
    async fn pictures_are_made_anew_and_small() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp] {
            let kept = made(&sample(format, 600, [255, 0, 0])).await.unwrap();
            assert_eq!(kept.mime_type, "image/png", "{format:?}");
            let read = image::load_from_memory_with_format(&kept.bytes, ImageFormat::Png).unwrap();
            assert_eq!(read.dimensions(), (128, 128));
            assert!(read.get_pixel(64, 64).0[0] > 240);
        }
        let tiny = made(&sample(ImageFormat::Png, 3, [1, 2, 3])).await.unwrap();
        assert_eq!(image::load_from_memory(&tiny.bytes).unwrap().dimensions(), (3, 3));
        let mut wide = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(256, 64).write_to(&mut wide, ImageFormat::Png).unwrap();
        let wide = made(wide.get_ref()).await.unwrap();
        assert_eq!(image::load_from_memory(&wide.bytes).unwrap().dimensions(), (128, 32));
    }

    #[tokio::test]
    async fn what_moves_goes_on_moving_unless_it_is_too_much() {
        let kept = made(&gif(3, 200)).await.unwrap();
        assert_eq!(kept.mime_type, "image/gif");
        let frames = GifDecoder::new(Cursor::new(&kept.bytes)).unwrap().into_frames().collect_frames().unwrap();
        assert_eq!((frames.len(), frames[0].buffer().dimensions()), (3, (128, 128)));
        let long = made(&gif(u16::try_from(MAX_FRAMES + 1).unwrap(), 4)).await.unwrap();
        assert_eq!(long.mime_type, "image/png", "its first picture");
    }

    /// G-50: what is no picture, or one made to exhaust us, is refused and costs nothing.
    #[tokio::test]
    async fn hostile_pictures_are_refused() {
        assert!(matches!(made(&sample(ImageFormat::Png, MAX_SIDE + 1, [0; 3])).await, Err(Unusable::TooWide)));
        assert!(made(&sample(ImageFormat::Png, MAX_SIDE, [0; 3])).await.is_ok());
        let mut huge = sample(ImageFormat::Png, 2, [0; 3]);
        huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let cut = sample(ImageFormat::Png, 64, [0; 3]);
        for bad in [&b""[..], b"GIF89a", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", &huge, &cut[..cut.len() / 2]] {
            assert!(made(bad).await.is_err(), "{:?}", &bad[..bad.len().min(12)]);
        }
    }
}
