/** The check of microphone and sound: three seconds of the operator's own voice, played back. */
export type EchoState = 'untried' | 'speak' | 'listen' | 'heard' | 'failed';

export async function hearMyself(tell: (state: EchoState) => void): Promise<void> {
  let stream: MediaStream | undefined;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    tell('speak');
    const sound = await record(stream, 3_000);
    tell('listen');
    const url = URL.createObjectURL(sound);
    const audio = new Audio(url);
    await audio.play();
    audio.onended = () => {
      URL.revokeObjectURL(url);
      tell('heard');
    };
  } catch {
    tell('failed'); // no permission, no device, or the browser refused to play: the page says what to look at
  } finally {
    stream?.getTracks().forEach((track) => track.stop());
  }
}

function record(stream: MediaStream, ms: number): Promise<Blob> {
  return new Promise((done) => {
    const recorder = new MediaRecorder(stream);
    const parts: Blob[] = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => done(new Blob(parts, { type: recorder.mimeType }));
    recorder.start();
    setTimeout(() => recorder.stop(), ms);
  });
}
