/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/curl.c - photographs of paper that does not lie flat.
 *
 * A sheet bends without stretching: its cross-section is a curve of the same length, and straight
 * lines run across it. The curve is walked in small steps of known slope, the sheet is cut into
 * cells that are seen through a pinhole from above and aside, and each cell is painted with what
 * is printed there, lit by how it faces the lamp. Nothing in here knows how a bend is undone.
 *
 * Lengths are widths of the sheet.
 */
#include "config.h"
#include "samples/sample.h"
#include <math.h>

enum { CELLS_ACROSS = 96, CELLS_DOWN = 96 };

#define CURL_MOST_HEIGHT 0.24 /* no sheet rises more */

typedef struct {
    double x;
    double y;
    double depth; /* towards the camera */
    double light;
} Spot;

/* The slope, in radians, at @share (0..1) of the curve. */
static double
curl_slope(Bend bend, double share, double most)
{
    switch (bend) {
    case BEND_EDGE:
        return share < 0.55 ? 0 : most * (share - 0.55) / 0.45;
    case BEND_WAVE:
        return most * cos(2 * G_PI * share);
    default:
        return most * (share - 0.5) * 2;
    }
}

/* The steepest slope of a curve of @length that rises by @height. */
static double
curl_most_slope(Bend bend, double length, double height)
{
    double ratio = height / length;

    return MIN(bend == BEND_EDGE   ? ratio * 2 / 0.45
               : bend == BEND_WAVE ? ratio * G_PI
                                   : ratio * 4,
               1.3);
}

/* Places of @count + 1 points on the curve, its middle at 0: along the desk, and above it. */
static void
curl_walk(Bend bend, double length, double height, unsigned count, double *along, double *above,
          double *slopes)
{
    double most = curl_most_slope(bend, length, fabs(height));
    double step = length / count;
    double mean = 0;

    along[0] = above[0] = 0;
    for (unsigned i = 0; i <= count; i++) {
        slopes[i] = curl_slope(bend, (double)i / count, copysign(most, height));
        if (i == 0)
            continue;
        double between = (slopes[i] + slopes[i - 1]) / 2;

        along[i] = along[i - 1] + step * cos(between);
        above[i] = above[i - 1] + step * sin(between);
        mean += above[i] / count;
    }
    for (unsigned i = 0; i <= count; i++) {
        along[i] -= along[count] / 2;
        above[i] -= mean;
    }
}

/* Where the camera stands. */
typedef struct {
    double pitch;
    double yaw;
    double roll;
    double distance;
} Camera;

static Spot
curl_see(const Camera *camera, double x, double y, double z)
{
    double turned_x = x * cos(camera->yaw) + z * sin(camera->yaw);
    double turned_z = z * cos(camera->yaw) - x * sin(camera->yaw);
    double tilted_y = y * cos(camera->pitch) - turned_z * sin(camera->pitch);
    double tilted_z = turned_z * cos(camera->pitch) + y * sin(camera->pitch);
    double near = camera->distance / (camera->distance - tilted_z);

    return (Spot){(turned_x * cos(camera->roll) - tilted_y * sin(camera->roll)) * near,
                  (turned_x * sin(camera->roll) + tilted_y * cos(camera->roll)) * near, near, 1};
}

/* Paints the triangle of @corners, whose @prints are its places on the sheet. */
static void
curl_paint(Picture *out, double *depths, const Picture *sheet, const Spot *corners[3],
           const double prints[3][2])
{
    double x0 = corners[0]->x;
    double y0 = corners[0]->y;
    double ax = corners[1]->x - x0;
    double ay = corners[1]->y - y0;
    double bx = corners[2]->x - x0;
    double by = corners[2]->y - y0;
    double area = ax * by - ay * bx;
    double left = MIN(x0, MIN(corners[1]->x, corners[2]->x));
    double right = MAX(x0, MAX(corners[1]->x, corners[2]->x));
    double top = MIN(y0, MIN(corners[1]->y, corners[2]->y));
    double bottom = MAX(y0, MAX(corners[1]->y, corners[2]->y));
    const double blank[] = {255, 255, 255, 255};

    if (area == 0)
        return;
    for (int y = MAX(0, (int)top); y <= MIN((int)out->height_px - 1, (int)bottom + 1); y++)
        for (int x = MAX(0, (int)left); x <= MIN((int)out->width_px - 1, (int)right + 1); x++) {
            double u = ((x - x0) * by - (y - y0) * bx) / area;
            double v = ((y - y0) * ax - (x - x0) * ay) / area;
            double depth = corners[0]->depth + u * (corners[1]->depth - corners[0]->depth) +
                           v * (corners[2]->depth - corners[0]->depth);
            double light = corners[0]->light + u * (corners[1]->light - corners[0]->light) +
                           v * (corners[2]->light - corners[0]->light);
            double *deepest = &depths[(size_t)y * out->width_px + (size_t)x];
            double at[4];

            if (u < -1e-9 || v < -1e-9 || u + v > 1 + 1e-9 || depth <= *deepest)
                continue;
            *deepest = depth;
            picture_sample(sheet,
                           prints[0][0] + u * (prints[1][0] - prints[0][0]) +
                               v * (prints[2][0] - prints[0][0]),
                           prints[0][1] + u * (prints[1][1] - prints[0][1]) +
                               v * (prints[2][1] - prints[0][1]),
                           blank, at);
            for (unsigned c = 0; c < 3; c++)
                picture_at(out, (unsigned)x, (unsigned)y)[c] =
                    picture_byte((32 + at[sheet->channels == 1 ? 0 : c] * 212 / 255) * light);
        }
}

/* The corners of all cells as the camera sees them, and the box around them. */
static void
curl_lay(const Camera *camera, Bend bend, double tall, double height, Spot *spots, double box[4])
{
    enum { MOST = MAX(CELLS_ACROSS, CELLS_DOWN) + 1 };
    bool rolled = bend == BEND_ROLL;
    unsigned count = rolled ? CELLS_DOWN : CELLS_ACROSS;
    double along[MOST];
    double above[MOST];
    double slopes[MOST];

    curl_walk(bend, rolled ? tall : 1, height, count, along, above, slopes);
    box[0] = box[1] = G_MAXDOUBLE;
    box[2] = box[3] = -G_MAXDOUBLE;
    for (unsigned j = 0; j <= CELLS_DOWN; j++)
        for (unsigned i = 0; i <= CELLS_ACROSS; i++) {
            unsigned k = rolled ? j : i;
            double x = rolled ? (double)i / CELLS_ACROSS - 0.5 : along[i];
            double y = rolled ? along[j] : tall * ((double)j / CELLS_DOWN - 0.5);
            Spot *spot = &spots[j * (CELLS_ACROSS + 1) + i];

            *spot = curl_see(camera, x, y, above[k]);
            /* A lamp to the left and behind. */
            spot->light = 0.80 + 0.20 * cos(slopes[k] - 0.45) / cos(0.45);
            box[0] = MIN(box[0], spot->x);
            box[1] = MIN(box[1], spot->y);
            box[2] = MAX(box[2], spot->x);
            box[3] = MAX(box[3], spot->y);
        }
}

Picture *
picture_curl(const Picture *self, Bend bend, double shift, Chance *chance)
{
    double tall = (double)self->height_px / self->width_px;
    double side = chance_below(chance, 2) ? 1 : -1;
    Camera camera = {
        .pitch = side * (9 + 17 * chance_unit(chance)) * G_PI / 180,
        .yaw = (chance_unit(chance) - 0.5) * 14 * G_PI / 180,
        .roll = (chance_unit(chance) - 0.5) * 5 * G_PI / 180,
        .distance = (1.7 + chance_unit(chance)) * MAX(1, tall),
    };
    double rise = shift / (fabs(sin(camera.pitch)) + 0.25 * tall / camera.distance);
    double height = MIN(rise, CURL_MOST_HEIGHT) * (chance_below(chance, 2) ? 1 : -1);
    unsigned ground = chance_below(chance, 3);
    double margin = 0.015 + 0.10 * chance_unit(chance);
    g_autofree Spot *spots = g_new(Spot, (CELLS_ACROSS + 1) * (CELLS_DOWN + 1));
    double box[4];

    curl_lay(&camera, bend, tall, height, spots, box);
    unsigned width = (unsigned)lround((box[2] - box[0] + 2 * margin) * self->width_px);
    unsigned length = (unsigned)lround((box[3] - box[1] + 2 * margin) * self->width_px);
    Picture *out = picture_new(width, length, 3);
    g_autofree double *depths = g_new0(double, (size_t)width *length);
    double light_x = chance_unit(chance);
    double light_y = chance_unit(chance);

    for (unsigned y = 0; y < length; y++)
        for (unsigned x = 0; x < width; x++) {
            double at[3];

            picture_ground(ground, x, y, at);
            for (unsigned c = 0; c < 3; c++)
                picture_at(out, x, y)[c] = picture_byte(at[c]);
        }
    for (unsigned i = 0; i < (CELLS_ACROSS + 1) * (CELLS_DOWN + 1); i++) {
        spots[i].x = (spots[i].x - box[0] + margin) * self->width_px;
        spots[i].y = (spots[i].y - box[1] + margin) * self->width_px;
    }
    for (unsigned j = 0; j < CELLS_DOWN; j++)
        for (unsigned i = 0; i < CELLS_ACROSS; i++) {
            const Spot *first = &spots[j * (CELLS_ACROSS + 1) + i];
            const Spot *below = first + CELLS_ACROSS + 1;
            double left = (double)i / CELLS_ACROSS * self->width_px - 0.5;
            double right = (double)(i + 1) / CELLS_ACROSS * self->width_px - 0.5;
            double top = (double)j / CELLS_DOWN * self->height_px - 0.5;
            double bottom = (double)(j + 1) / CELLS_DOWN * self->height_px - 0.5;

            curl_paint(out, depths, self, (const Spot *[]){first, first + 1, below},
                       (const double[3][2]){{left, top}, {right, top}, {left, bottom}});
            curl_paint(out, depths, self, (const Spot *[]){below + 1, below, first + 1},
                       (const double[3][2]){{right, bottom}, {left, bottom}, {right, top}});
        }
    for (unsigned y = 0; y < length; y++)
        for (unsigned x = 0; x < width; x++) {
            double far = hypot((double)x / width - light_x, (double)y / length - light_y);

            for (unsigned c = 0; c < 3; c++) {
                uint8_t *at = &picture_at(out, x, y)[c];

                *at = picture_byte(*at * (1 - 0.2 * far * far) + chance_normal(chance) * 2);
            }
        }
    picture_blur(out, 0.12);
    return out;
}
