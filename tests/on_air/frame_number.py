"""Reads the frame number that examples/on_air/sample/make_clips put into the pictures of a clip.

    python3 frame_number.py FILE [COUNT]     the numbers of the first COUNT frames (1), a line each
"""
import subprocess
import sys

WIDTH, HEIGHT = 320, 180
BITS, BLOCK = 20, 16
VALUE_ROW, INVERSE_ROW = 132, 164  # the middles of the two rows of blocks


class Unreadable(Exception):
    """A picture that carries no number."""


def number_of(picture):
    """The number in one gray picture of WIDTH x HEIGHT bytes."""
    value = 0
    for bit in range(BITS):
        centre = bit * BLOCK + BLOCK // 2
        shades = []
        for row in (VALUE_ROW, INVERSE_ROW):
            patch = [picture[y * WIDTH + x]
                     for y in range(row - 3, row + 4) for x in range(centre - 3, centre + 4)]
            shades.append(sum(patch) / len(patch))
        if abs(shades[0] - shades[1]) < 100:
            raise Unreadable(f"block {bit} is {shades[0]:.0f} above {shades[1]:.0f}")
        value = value * 2 + (shades[0] > shades[1])
    return value


def numbers(path, count=None):
    """The numbers of the first `count` frames of a clip or picture, or of all of them."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0"]
    if count is not None:
        command += ["-frames:v", str(count)]
    command += ["-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    size = WIDTH * HEIGHT
    if len(raw) % size:
        raise Unreadable(f"{path}: pictures are not {WIDTH} x {HEIGHT}")
    return [number_of(raw[at:at + size]) for at in range(0, len(raw), size)]


if __name__ == "__main__":
    for number in numbers(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        print(number)
