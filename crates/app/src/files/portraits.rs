//! Pictures of people as they are kept and passed on: squares of 128 pixels, made by us of whatever was sent (wire 3.9).

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::LazyLock;

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use tokio::sync::Semaphore;

use super::Error;
use super::pictures::{decode, on_white};

/// Pixels to a side.
const SIDE: u32 = 128;
/// Peers and people wait for each other here, never for those who look at previews of files.
static DECODERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));

/// Makes the picture that is kept of one that was sent: upright, cut to a square, the first frame of a moving one.
///
/// # Errors
/// [`Error::NoPicture`] for what is no picture, or too large a one.
pub(crate) async fn make(path: PathBuf) -> Result<Vec<u8>, Error> {
    let permit = DECODERS.acquire().await.map_err(std::io::Error::other)?;
    let joined = tokio::task::spawn_blocking(move || square(&path)).await;
    drop(permit);
    joined.map_err(std::io::Error::other)?.map_err(|error| {
        tracing::info!(%error, "no picture of a person could be made");
        Error::NoPicture
    })
}

fn square(path: &PathBuf) -> image::ImageResult<Vec<u8>> {
    let picture = decode(path)?.resize_to_fill(SIDE, SIDE, FilterType::Triangle);
    png(on_white(&picture))
}

fn png(picture: RgbImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// A head and shoulders of nobody in particular. The wire has no word for "took the picture away", so a peer is sent
/// this one in its place.
///
/// # Errors
/// None in practice: it is always the same picture.
pub fn nobody() -> Result<Vec<u8>, Error> {
    let within = |x: u32, y: u32, (left, top, radius): (i64, i64, i64)| {
        let (x, y) = (i64::from(x) - left, i64::from(y) - top);
        x * x + y * y <= radius * radius
    };
    let drawn = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let figure = within(x, y, (64, 50, 24)) || within(x, y, (64, 128, 46));
        Rgb(if figure { [0xff; 3] } else { [0x8d, 0x94, 0xa0] })
    });
    png(drawn).map_err(|error| std::io::Error::other(error).into())
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView, ImageReader};

    use super::*;

    fn sample(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        // The left half is red, the right half blue.
        let picture =
            RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] }));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    async fn made(bytes: &[u8]) -> Result<DynamicImage, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent");
        std::fs::write(&path, bytes).unwrap();
        let png = make(path).await?;
        Ok(ImageReader::with_format(Cursor::new(png), ImageFormat::Png).decode().unwrap())
    }

    #[tokio::test]
    async fn every_picture_becomes_a_square_of_its_middle() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp] {
            let square = made(&sample(format, 600, 200)).await.unwrap();
            assert_eq!(square.dimensions(), (128, 128), "{format:?}");
            let (left, right) = (square.get_pixel(5, 64).0, square.get_pixel(122, 64).0);
            assert!(left[0] > 200 && left[2] < 60 && right[2] > 200 && right[0] < 60, "{format:?} {left:?} {right:?}");
        }
        assert_eq!(made(&sample(ImageFormat::Png, 1, 1)).await.unwrap().dimensions(), (128, 128));
    }

    #[tokio::test]
    async fn what_was_made_once_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent");
        std::fs::write(&path, sample(ImageFormat::Jpeg, 300, 300)).unwrap();
        let once = make(path.clone()).await.unwrap();
        std::fs::write(&path, &once).unwrap();
        assert_eq!(make(path).await.unwrap(), once, "so that a picture sent twice is no news");
    }

    /// E-097: what is no picture, or one made to exhaust us, is refused and costs nothing.
    #[tokio::test]
    async fn hostile_pictures_are_refused() {
        let mut huge = sample(ImageFormat::Png, 2, 2);
        // The header claims 60 000 pixels to a side.
        huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let cut = sample(ImageFormat::Png, 64, 64);
        for bad in [&b""[..], b"GIF89a", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", &huge, &cut[..cut.len() / 2]] {
            assert!(matches!(made(bad).await, Err(Error::NoPicture)), "{:?}", &bad[..bad.len().min(12)]);
        }
    }

    #[test]
    fn nobody_is_a_picture_too() {
        let drawn = nobody().unwrap();
        let drawn = ImageReader::with_format(Cursor::new(drawn), ImageFormat::Png).decode().unwrap();
        assert_eq!(drawn.dimensions(), (128, 128));
        assert_ne!(drawn.get_pixel(64, 50), drawn.get_pixel(2, 2));
    }
}
