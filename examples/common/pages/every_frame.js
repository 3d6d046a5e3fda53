// Calls `draw` before each frame, and from a timer where the browser draws no frames.
export function everyFrame(draw) {
  const frame = () => {
    draw();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  setInterval(draw, 25);
}
