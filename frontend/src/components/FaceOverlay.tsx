/** Face boxes, landmarks and labels over a picture, in the pixels of the full image. */
import type { SeenFace } from "../api/analysis";
import { strings } from "../strings";

interface Props {
  image: { width: number; height: number };
  faces: readonly SeenFace[];
  /** What stands beside a face. */
  caption: (subject: string) => { text: string; color: string };
}

export function FaceOverlay({ image, faces, caption }: Props) {
  const unit = image.width / 320; // strokes and letters keep their size whatever the image's
  return (
    <svg
      className="overlay"
      viewBox={`0 0 ${image.width} ${image.height}`}
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
    >
      {faces.map(({ subject, box, landmarks }) => {
        const { text, color } = caption(subject);
        const above = box.y > 16 * unit;
        return (
          <g key={subject}>
            <rect
              x={box.x}
              y={box.y}
              width={box.width}
              height={box.height}
              rx={3 * unit}
              stroke={color}
              strokeWidth={2 * unit}
            />
            {landmarks?.map(([x, y], index) => (
              <circle key={index} cx={x} cy={y} r={1.1 * unit} />
            ))}
            <text
              x={box.x}
              y={above ? box.y - 5 * unit : box.y + box.height + 14 * unit}
              fontSize={12 * unit}
              strokeWidth={3 * unit}
            >
              {text || strings.noEstimateYet}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
